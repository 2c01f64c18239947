"""Prints all that can be said of a tree, a line of JSON for each path: python3 files.py <directory>"""
import base64
import hashlib
import json
import os
import stat
import sys

root = os.fsencode(sys.argv[1])
inodes = {}


def facts(path):
    found = os.lstat(path)
    kind = stat.S_IFMT(found.st_mode)
    yield "type", oct(kind)
    yield "mode", oct(stat.S_IMODE(found.st_mode))
    yield "owner", f"{found.st_uid}:{found.st_gid}"
    yield "modified", found.st_mtime_ns
    if kind == stat.S_IFLNK:
        yield "to", base64.b64encode(os.readlink(path)).decode()
        return
    if kind in (stat.S_IFCHR, stat.S_IFBLK):
        yield "device", found.st_rdev
    attributes = {name: base64.b64encode(os.getxattr(path, name)).decode() for name in os.listxattr(path)}
    if attributes:
        yield "attributes", attributes
    if kind == stat.S_IFREG:
        yield "size", found.st_size
        yield "links", found.st_nlink
        yield "sameAs", inodes.setdefault(found.st_ino, os.path.relpath(path, root).decode("latin-1"))
        yield "hasHoles", found.st_blocks * 512 < found.st_size
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        yield "sha256", digest.hexdigest()


paths = [root]
for directory, folders, files in os.walk(root):
    paths += [os.path.join(directory, name) for name in folders + files]
for path in sorted(paths):
    print(json.dumps({"path": os.path.relpath(path, root).decode("latin-1"), **dict(facts(path))}))
