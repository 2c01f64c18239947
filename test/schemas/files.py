"""Makes a tree with all that files can be: python3 files.py <directory>"""
import os
import struct
import sys

root = os.fsencode(sys.argv[1])
SECOND = 10**9


def at(*names):
    return os.path.join(root, *names)


def write(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)
    return path


write(at(b"plain.txt"), b"hello\n")
write(at(b"empty"), b"")
write(at(b".env"), b"SECRET=1\n", 0o600)
write(at(b"bin", b"tool"), b"#!/bin/sh\n", 0o4755)
write(at(b"exact-block"), b"b" * 512)
write(at(b"large"), bytes(range(256)) * 8192)
for name in [b" leading", b"trailing ", b"new\nline", b"tab\t", b"back\\slash\\n", b"quote\"'", b"-option", b"star*?[x]{y}", b"#hash",
             b"colon: space", b"\xff\xfe not utf-8", "ümläut 日本 \u2028".encode(), b"%25 percent", b"\x01control", b"~", b"..."]:
    write(at(b"names", name), b"content of " + name)
write(at(b"names", b"n" * 255), b"long name")
deep = [b"d" * 200] * 12
write(at(b"deep", *deep, b"file"), b"long path")
os.makedirs(at(b"empty-directory"))
os.makedirs(at(b"sticky"))
os.chmod(at(b"sticky"), 0o1777)
write(at(b"read-only", b"file"), b"in a directory without the permission to write")
os.symlink(b"plain.txt", at(b"link"))
os.symlink(b"/etc/passwd", at(b"link-out"))
os.symlink(b"../../..", at(b"names", b"link-up"))
os.symlink(b"nowhere \xff", at(b"broken"))
os.symlink(b"l" * 300, at(b"link-long"))
os.symlink(b"names", at(b"link-directory"))
write(at(b"hard", b"a"), b"three names")
os.link(at(b"hard", b"a"), at(b"hard", b"b"))
os.link(at(b"hard", b"a"), at(b"z-hard"))
os.link(at(b"broken"), at(b"hard", b"link"), follow_symlinks=False)
with open(at(b"sparse"), "wb") as file:
    for offset in (1, 40, 80):
        file.seek(offset * 1024 * 1024)
        file.write(b"data")
    file.truncate(100 * 1024 * 1024)
with open(at(b"all-hole"), "wb") as file:
    file.truncate(3 * 1024 * 1024)
os.mkfifo(at(b"fifo"), 0o640)
os.link(at(b"fifo"), at(b"hard", b"fifo"))
if os.geteuid() == 0:
    os.mknod(at(b"null"), 0o20666, os.makedev(1, 3))
    os.link(at(b"null"), at(b"z-null"))
    os.mknod(at(b"block"), 0o60660, os.makedev(7, 200))
    for number, name in enumerate([b"plain.txt", b"hard/a", b"names/tab\t", b"empty-directory", b"link", b"sparse"]):
        os.chown(at(name), 1000 + number, 3_000_000 + number, follow_symlinks=False)
    os.setxattr(at(b"bin", b"tool"), b"trusted.note", b"of the system")
    os.chmod(at(b"bin", b"tool"), 0o4755)
os.setxattr(at(b"plain.txt"), b"user.comment", b"of the user \x00\n=")
os.setxattr(at(b"empty-directory"), b"user.comment", b"d")
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in [
    (0x01, 6, 0xFFFFFFFF), (0x02, 4, 4242), (0x04, 4, 0xFFFFFFFF), (0x10, 4, 0xFFFFFFFF), (0x20, 0, 0xFFFFFFFF)])
os.setxattr(at(b"large"), b"system.posix_acl_access", acl)
os.setxattr(at(b"sticky"), b"system.posix_acl_default", acl)
os.chmod(at(b"read-only"), 0o555)
os.utime(at(b"plain.txt"), ns=(0, 1_234_567_890 * SECOND + 123_456_789))
os.utime(at(b"empty"), ns=(0, -5 * SECOND + 250_000_000))
os.utime(at(b"link"), ns=(0, 7 * SECOND + 7), follow_symlinks=False)
os.utime(at(b"names"), ns=(0, 99 * SECOND))
os.utime(at(b"fifo"), ns=(0, 5_000_000_000 * SECOND))
