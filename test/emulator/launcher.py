"""Starts MiniStack, on the address and port of the environment, with the resources of this project's templates.

`GET /_recorded` answers with the resolved properties of every resource of every stack, whatever became of them:
{stack: {logical id: {type, physicalId, properties}}}.
"""

import json
import os
import threading
import time

import full_object_checksums  # noqa: F401: extends MiniStack when it is imported
import ministack.app as gateway
import resources  # noqa: F401: extends MiniStack when it is imported
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


def with_records(emulator):
    async def app(scope, receive, send):
        if scope["type"] != "http" or scope["path"] != "/_recorded":
            return await emulator(scope, receive, send)
        body = json.dumps(recorded(), default=str).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def end_with_parent(parent=os.getppid()):
    """Nobody is left to stop the emulator when whoever started it was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    gateway.app = with_records(gateway.app)
    gateway.main()
