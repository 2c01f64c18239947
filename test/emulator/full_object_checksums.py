"""Teaches MiniStack the checksum and size of a whole multipart object, as S3 verifies them: it knows composite ones only.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

import base64
import zlib

from ministack.services import s3

complete_multipart_upload = s3._complete_multipart_upload


def complete(bucket, key, body, query, headers=None):
    headers = dict(headers or {})
    upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))
    if upload is not None and headers.get("x-amz-checksum-type") == "FULL_OBJECT":
        whole = b"".join(part["body"] for _, part in sorted(upload["parts"].items()))
        crc = base64.b64encode(zlib.crc32(whole).to_bytes(4, "big")).decode()
        if headers.pop("x-amz-checksum-crc32", crc) != crc:
            return s3._error("BadDigest", f"The CRC32 of the whole object is {crc}.", 400, f"/{bucket}/{key}")
        if int(headers.get("x-amz-mp-object-size", len(whole))) != len(whole):
            return s3._error("InvalidRequest", f"The object has {len(whole)} bytes.", 400, f"/{bucket}/{key}")
    return complete_multipart_upload(bucket, key, body, query, headers)


s3._complete_multipart_upload = complete
