"""Alarms on a single metric as CloudWatch evaluates them, with an event on the default bus at every change of state.

MiniStack knows neither dimensions nor missing data nor M of N. What a missing data point counts for:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import json
import time
from datetime import datetime, timezone

from ministack.core.responses import new_uuid
from ministack.services import cloudwatch, eventbridge, sqs

COMPARISONS = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
# Periods that CloudWatch looks back beyond those that it evaluates: its documentation shows five for three.
FURTHER = 2


def dimensions(alarm):
    return {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions") or []}


def datapoints(alarm, now):
    """The value of each period that has one, newest first, and where it begins."""
    key = (alarm["Namespace"], alarm["MetricName"], cloudwatch._dims_key(dimensions(alarm)))
    points = cloudwatch._metrics.get(key) or []
    period = alarm["Period"]
    found = []
    for ago in range(alarm["EvaluationPeriods"] + FURTHER):
        start = now - (ago + 1) * period
        values = [point["Value"] for point in points if start < point["Timestamp"] <= start + period]
        if values:
            stats = cloudwatch._calc_stats(values)
            found.append((start, cloudwatch._stat_value(stats, alarm["Statistic"], values)))
    return found


def state_of(alarm, used):
    """The state, by what is there and by what counts in the place of what is not."""
    wanted = alarm["EvaluationPeriods"]
    breaches = COMPARISONS[alarm["ComparisonOperator"]]
    real = [breaches(value, alarm["Threshold"]) for _, value in used]
    missing = wanted - len(real)
    treatment = alarm.get("TreatMissingData", "missing")
    needed = alarm.get("DatapointsToAlarm") or wanted
    if treatment == "breaching":
        return "ALARM" if sum(real) + missing >= needed else "OK"
    if treatment == "notBreaching" or missing == 0:
        return "ALARM" if sum(real) >= needed else "OK"
    if treatment == "ignore":
        settled = sum(real) >= needed or sum(real) + missing < needed
        return ("ALARM" if sum(real) >= needed else "OK") if settled else alarm["StateValue"]
    if not real:
        return "INSUFFICIENT_DATA"
    return "ALARM" if all(real) else "OK"


def stamp(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


WORDS = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}


def counted(number, what="datapoint"):
    return f"{number} {what}{'' if number == 1 else 's'}"


def reason_of(alarm, used, state):
    missing = alarm["EvaluationPeriods"] - len(used)
    none = f"no datapoints were received for {counted(missing, 'period')}"
    if state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {none}"
    if not used:
        treated = f"{counted(missing, 'missing datapoint')} {'was' if missing == 1 else 'were'} treated as"
        return f"Threshold Crossed: {none} and {treated} [{alarm['TreatMissingData'][0].upper()}{alarm['TreatMissingData'][1:]}]."
    values = ", ".join(f"{float(value)} ({time.strftime('%d/%m/%y %H:%M:%S', time.gmtime(at))})" for at, value in used)
    verb = ("was" if len(used) == 1 else "were") + ("" if state == "ALARM" else " not")
    compared = f"{verb} {WORDS[alarm['ComparisonOperator']]} the threshold ({alarm['Threshold']})"
    return f"Threshold Crossed: {counted(len(used))} [{values}] {compared}."


def evaluate(alarm):
    if not alarm.get("MetricName"):
        return
    now = time.time()
    used = datapoints(alarm, now)[: alarm["EvaluationPeriods"]]
    state = state_of(alarm, used)
    previous = {
        "value": alarm["StateValue"],
        "reason": alarm["StateReason"],
        "timestamp": stamp(alarm["StateUpdatedTimestamp"]),
    }
    if state == previous["value"]:
        return
    reason = reason_of(alarm, used, state)
    data = {
        "version": "1.0",
        "queryDate": stamp(now),
        "statistic": alarm["Statistic"],
        "period": alarm["Period"],
        "recentDatapoints": [value for _, value in reversed(used)],
        "threshold": alarm["Threshold"],
    }
    alarm.update(StateValue=state, StateReason=reason, StateReasonData=json.dumps(data), StateUpdatedTimestamp=int(now))
    cloudwatch._record_history(alarm["AlarmName"], previous["value"], state, reason)
    tell(alarm, previous, json.dumps(data), now)
    cloudwatch._dispatch_alarm_actions(alarm, previous["value"], state, reason)


def tell(alarm, previous, data, now):
    """Puts the event of a change: its shape is that of the user guide's `EventBridge` page of alarms."""
    metric = {"namespace": alarm["Namespace"], "name": alarm["MetricName"], "dimensions": dimensions(alarm)}
    stat = {"metric": metric, "period": alarm["Period"], "stat": alarm["Statistic"]}
    detail = {
        "alarmName": alarm["AlarmName"],
        "state": {
            "value": alarm["StateValue"],
            "reason": alarm["StateReason"],
            "reasonData": data,
            "timestamp": stamp(now),
        },
        "previousState": previous,
        "configuration": {
            "description": alarm.get("AlarmDescription", ""),
            "metrics": [{"id": new_uuid(), "metricStat": stat, "returnData": True}],
        },
    }
    put_event("aws.cloudwatch", "CloudWatch Alarm State Change", detail, [alarm["AlarmArn"]])


def put_event(source, detail_type, detail, resources):
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources}
    eventbridge._put_events({"Entries": [entry]})


def measure_queues():
    """The metrics that SQS sends to CloudWatch every minute."""
    for url, queue in sqs._queues.items():
        name = {"QueueName": url.rsplit("/", 1)[1]}
        cloudwatch.record_metric(
            "AWS/SQS", "ApproximateNumberOfMessagesVisible", len(queue["messages"]), "Count", name
        )


def evaluate_all():
    """Returns the state of every alarm, by name."""
    measure_queues()
    for alarm in list(cloudwatch._alarms.values()):
        evaluate(alarm)
    return {alarm["AlarmName"]: alarm["StateValue"] for alarm in cloudwatch._alarms.values()}


# Only when a test says so: else the state would depend on how long a deployment takes.
cloudwatch._evaluate_alarm = lambda alarm: None
