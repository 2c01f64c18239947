"""A clock that a test can move on: what the emulator takes for now, from the `Date` of its answers to the age of a metric.

It must be imported before anything that asks the time. Waiting goes by the monotonic clock, which stays as it is. Lambda
functions read it from the file that EMULATOR_CLOCK names, by moved-clock.cjs.
"""

import datetime
import os
import time

real_time = time.time
real_gmtime = time.gmtime
real_datetime = datetime.datetime
offset = 0.0


def now():
    return real_time() + offset


def move(seconds):
    global offset
    offset += seconds
    # In one step: somebody may be reading it.
    file = os.environ["EMULATOR_CLOCK"]
    with open(f"{file}.new", "w") as written:
        written.write(str(offset))
    os.replace(f"{file}.new", file)


class Instance(type):
    """What C extensions and `now` make are instances of one class: the real one."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, real_datetime)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, real_datetime)


class MovedDatetime(real_datetime, metaclass=Instance):
    @classmethod
    def now(cls, tz=None):
        return real_datetime.fromtimestamp(now(), tz)

    @classmethod
    def utcnow(cls):
        return real_datetime.fromtimestamp(now(), datetime.timezone.utc).replace(tzinfo=None)


time.time = now
time.gmtime = lambda seconds=None: real_gmtime(now() if seconds is None else seconds)
datetime.datetime = MovedDatetime
move(0)
