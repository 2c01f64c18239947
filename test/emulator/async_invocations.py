"""Lambda functions that EventBridge and its Scheduler start are invoked asynchronously: what fails goes to its destination.

MiniStack does that for S3 and SNS, and here forgets the failure.
"""

import json

from ministack.services import eventbridge, lambda_svc


def dispatch(arn, payload):
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        return eventbridge.logger.warning("there is no function %s", name)
    record = lambda_svc._execution_record_for_config(function, config)
    return lambda_svc.invoke_async_with_retry(record, json.loads(payload))


eventbridge._dispatch_to_lambda = dispatch
