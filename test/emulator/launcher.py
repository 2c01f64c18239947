"""Starts MiniStack, on the address and port of the environment, with the resources of this project's templates.

`GET /_recorded` answers with the resolved properties of every resource of every stack, whatever became of them:
{stack: {logical id: {type, physicalId, properties}}}.
`GET /_emails` answers with what confirmed email subscriptions received: [{to, subject, text}]; `POST /_emails/confirm`
confirms the pending ones, with {"endpoint"} those of one address.
`POST /_clock` with {"seconds"} moves the time on. `POST /_alarms/evaluate` answers with the state of every alarm now.
`POST /_schedules/fire` fires what is due: nothing does that by itself, so that a test knows when.
"""

import clock  # noqa: I001: before anything that asks the time
import json
import os
import threading
import time

import alarms
import archived_objects  # noqa: F401: extends MiniStack when it is imported
import async_invocations  # noqa: F401: extends MiniStack when it is imported
import emails
import full_object_checksums  # noqa: F401: extends MiniStack when it is imported
import ministack.app as gateway
import recovery_points  # noqa: F401: extends MiniStack when it is imported
import resources  # noqa: F401: extends MiniStack when it is imported
import version_folders  # noqa: F401: extends MiniStack when it is imported
from ministack.services import scheduler
from ministack.services.cloudformation import _stacks


def recorded():
    return {
        stack["StackName"]: {
            logical_id: {
                "type": resource["ResourceType"],
                "physicalId": resource["PhysicalResourceId"],
                "properties": resource["Properties"],
            }
            for logical_id, resource in stack.get("_resources", {}).items()
        }
        for stack in _stacks.values()
    }


def move_clock(seconds):
    clock.move(seconds)
    return {"now": clock.now()}


def fire_schedules():
    """Returns the names of the schedules that fired."""
    before = dict(scheduler._schedule_last_fired)
    scheduler._tick_schedules()
    # What is seen for the first time is only noted: a cron schedule waits for its next time.
    fired = [key for key, at in scheduler._schedule_last_fired.items() if key in before and before[key] != at]
    return [key[2].split("/")[1] for key in fired]


ENDPOINTS = {
    ("GET", "/_recorded"): recorded,
    ("GET", "/_emails"): lambda: emails.received,
    ("POST", "/_emails/confirm"): lambda endpoint=None: {"confirmed": emails.confirm(endpoint)},
    ("POST", "/_clock"): move_clock,
    ("POST", "/_alarms/evaluate"): alarms.evaluate_all,
    ("POST", "/_schedules/fire"): fire_schedules,
}


async def parameters(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return json.loads(body or b"{}")


def with_endpoints(emulator):
    async def app(scope, receive, send):
        endpoint = ENDPOINTS.get((scope.get("method"), scope.get("path")))
        if endpoint is None:
            return await emulator(scope, receive, send)
        body = json.dumps(endpoint(**await parameters(receive)), default=str).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def end_with_parent(parent=os.getppid()):
    """Nobody is left to stop the emulator when whoever started it was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


scheduler.start_scheduler = lambda: None
# GATEWAY_PORT, which is in the URLs of queues and the environment of functions, is that of the guard in front of it.
gateway._resolve_port = lambda: os.environ["EMULATOR_PORT"]

if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    gateway.app = with_endpoints(gateway.app)
    gateway.main()
