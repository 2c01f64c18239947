"""Teaches MiniStack objects in Glacier Flexible Retrieval and Deep Archive: they can be read hours after RestoreObject.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
"""

import clock
from ministack.services import s3

HOURS = {"GLACIER": 5, "DEEP_ARCHIVE": 12}

dispatch = s3._dispatch
ready_at = {}


def archived(bucket, key):
    """The hours until an object can be read after it was asked for; none if it can be read at once."""
    stored = s3._buckets.get(bucket, {}).get("objects", {}).get(key)
    return HOURS.get(stored.get("storage_class")) if stored else None


def wrong_state(bucket, key):
    return s3._error("InvalidObjectState", "The operation is not valid for the object's storage class", 403, f"/{bucket}/{key}")


def dispatch_archived(method, bucket, key, headers, body, query):
    if method == "POST" and key and "restore" in query:
        hours = archived(bucket, key)
        if hours is None:
            return wrong_state(bucket, key)
        ready_at.setdefault((bucket, key), clock.now() + hours * 3600)
        return 202, {}, b""
    if method not in ("GET", "HEAD") or not key or archived(bucket, key) is None:
        return dispatch(method, bucket, key, headers, body, query)
    at = ready_at.get((bucket, key))
    is_ready = at is not None and at <= clock.now()
    if method == "GET" and not is_ready:
        return wrong_state(bucket, key)
    status, answer, content = dispatch(method, bucket, key, headers, body, query)
    if at is not None:
        answer["x-amz-restore"] = f'ongoing-request="{"false" if is_ready else "true"}"'
    return status, answer, content


s3._dispatch = dispatch_archived
