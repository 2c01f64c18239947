"""Teaches MiniStack the delimiter of ListObjectVersions: it lists folders with deleted objects too. Without keys at the root.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from xml.etree.ElementTree import Element, SubElement

from ministack.services import s3

list_object_versions = s3._list_object_versions


def list_folders(bucket_name, query):
    delimiter = s3._qp(query, "delimiter")
    bucket = s3._ensure_bucket(bucket_name)
    if not delimiter or bucket is None:
        return list_object_versions(bucket_name, query)
    prefix, marker = s3._qp(query, "prefix"), s3._qp(query, "key-marker")
    keys = [*bucket["objects"], *(key for name, key in s3._object_versions if name == bucket_name)]
    inside = [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]
    folders = sorted({prefix + key.split(delimiter)[0] + delimiter for key in inside if delimiter in key})
    left = [folder for folder in folders if folder > marker]
    page = left[: int(s3._qp(query, "max-keys", "1000"))]
    root = Element("ListVersionsResult", xmlns=s3.S3_NS)
    SubElement(root, "IsTruncated").text = "true" if len(page) < len(left) else "false"
    if len(page) < len(left):
        SubElement(root, "NextKeyMarker").text = page[-1]
    for folder in page:
        SubElement(SubElement(root, "CommonPrefixes"), "Prefix").text = folder
    return 200, {"Content-Type": "application/xml"}, s3._xml_body(root)


s3._list_object_versions = list_folders
