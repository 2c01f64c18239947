"""Email subscriptions as SNS treats them: pending until somebody confirms, and what the confirmed ones receive is kept."""

from ministack.services import sns
from ministack.services.cloudformation import provisioners

EMAIL = "email"
received = []
PENDING = "PendingConfirmation"


def pend(subscription):
    subscription["confirmed"] = False
    subscription["attributes"] = {**subscription["attributes"], PENDING: "true"}


def subscriptions():
    return [subscription for topic in sns._topics.values() for subscription in topic["subscriptions"]]


def confirm(endpoint=None):
    """Confirms the email subscriptions of an address; of all, without one. Returns how many were pending."""
    waiting = [
        subscription
        for subscription in subscriptions()
        if subscription["protocol"] == EMAIL
        and not subscription["confirmed"]
        and endpoint in (None, subscription["endpoint"])
    ]
    for subscription in waiting:
        subscription["confirmed"] = True
        subscription["attributes"][PENDING] = "false"
        sns._refresh_subscription_counts(sns._topics[subscription["topic_arn"]])
    return len(waiting)


def subscribe(params, original=sns._subscribe):
    before = {subscription["arn"] for subscription in subscriptions()}
    answer = original(params)
    if sns._p(params, "Protocol") != EMAIL:
        return answer
    for subscription in subscriptions():
        if subscription["arn"] not in before:
            pend(subscription)
            sns._refresh_subscription_counts(sns._topics[subscription["topic_arn"]])
    inner = "<SubscribeResult><SubscriptionArn>pending confirmation</SubscriptionArn></SubscribeResult>"
    return sns._xml(200, "SubscribeResponse", inner) if answer[0] == 200 else answer


def subscription_resource(logical_id, props, stack_name, original=provisioners._sns_sub_create):
    arn, attributes = original(logical_id, props, stack_name)
    topic = sns._topics.get(props.get("TopicArn"))
    if topic is not None:
        made = sns._find_subscription(props["TopicArn"], arn)
        made["attributes"] = {PENDING: "false", **made["attributes"]}
        if props["Protocol"] == EMAIL:
            pend(made)
        sns._refresh_subscription_counts(topic)
    return arn, attributes


def list_by_topic(params, original=sns._list_subscriptions_by_topic):
    status, headers, body = original(params)
    text = body if isinstance(body, str) else body.decode()
    for subscription in subscriptions():
        if not subscription["confirmed"]:
            text = text.replace(
                f"<SubscriptionArn>{subscription['arn']}</SubscriptionArn>",
                f"<SubscriptionArn>{PENDING}</SubscriptionArn>",
            )
    return status, headers, text if isinstance(body, str) else text.encode()


def publish(topic_arn, message, subject="", **options):
    # SNS refuses what is no subject: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    if subject and (len(subject) > 99 or not subject.isascii() or not subject.isprintable()):
        raise sns.SnsPublishError("InvalidParameter", "Invalid parameter: Subject")
    return publish_internal(topic_arn, message, subject, **options)


def fan_out(
    topic_arn, msg_id, message, subject, message_structure="", message_attributes=None, original=sns._fanout, **more
):
    original(topic_arn, msg_id, message, subject, message_structure, message_attributes, **more)
    for subscription in sns._topics.get(topic_arn, {}).get("subscriptions", []):
        if subscription["protocol"] != EMAIL or not subscription["confirmed"]:
            continue
        if sns._matches_filter_policy(subscription, message_attributes or {}):
            text = sns._resolve_message_for_protocol(message, message_structure, EMAIL)
            received.append({"to": subscription["endpoint"], "subject": subject, "text": text})


publish_internal = sns.publish_internal
sns.publish_internal = publish
sns._fanout = fan_out
sns._subscribe = subscribe
sns._list_subscriptions_by_topic = list_by_topic
provisioners._RESOURCE_HANDLERS["AWS::SNS::Subscription"]["create"] = subscription_resource
