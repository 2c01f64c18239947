// A stand-in for S3 that takes what is put and only counts it: it checks and keeps nothing, so that it takes next to
// nothing of the machine that is measured. It knows the requests of this program and of "aws s3 cp -", and no others.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

var (
	mutex   sync.Mutex
	counted = map[string]int64{} // bytes of data objects by the first part of their key
)

// Large reads: each one wakes the sender, which shall compress meanwhile.
var buffers = sync.Pool{New: func() any { return make([]byte, 1<<20) }}

// payload counts a body, without the framing of chunked signatures.
func payload(request *http.Request) int64 {
	buffer := buffers.Get().([]byte)
	defer buffers.Put(buffer)
	// io.Discard alone would read by its own buffers of 8 KiB.
	bytes, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, request.Body, buffer)
	if err != nil {
		log.Print(err)
	}
	if decoded, err := strconv.ParseInt(request.Header.Get("X-Amz-Decoded-Content-Length"), 10, 64); err == nil {
		return decoded
	}
	return bytes
}

func serve(response http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	prefix := strings.Split(strings.Trim(request.URL.Path, "/")+"//", "/")[1]
	xml := func(name, content string) { fmt.Fprintf(response, "<?xml version=\"1.0\"?><%s>%s</%s>", name, content, name) }
	response.Header().Set("ETag", `"0"`)
	switch {
	case request.URL.Path == "/_counted":
		mutex.Lock()
		defer mutex.Unlock()
		_ = json.NewEncoder(response).Encode(counted)
		clear(counted)
	case request.Method == http.MethodPut:
		bytes := payload(request)
		if !strings.HasSuffix(request.URL.Path, ".json") {
			mutex.Lock()
			counted[prefix] += bytes
			mutex.Unlock()
		}
	case request.Method == http.MethodPost && query.Has("uploads"):
		xml("InitiateMultipartUploadResult", "<UploadId>1</UploadId>")
	case request.Method == http.MethodPost && query.Has("uploadId"):
		payload(request)
		xml("CompleteMultipartUploadResult", "<ETag>\"0\"</ETag>")
	case request.Method == http.MethodGet && query.Has("uploads"):
		xml("ListMultipartUploadsResult", "")
	case request.Method == http.MethodGet && query.Has("list-type"):
		xml("ListBucketResult", "")
	default:
		http.Error(response, "not known to the sink: "+request.Method+" "+request.URL.String(), http.StatusNotImplemented)
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, http.HandlerFunc(serve)))
}
