"""Resources that this project's templates use and MiniStack's CloudFormation engine lacks.

Bucket settings, task definitions, schedules, EFS and the like are handed to the emulated service, so that its own API
answers for them. Types that need no behaviour here are only kept.
"""

import copy
import hashlib
import json
import re

from botocore.serialize import create_serializer
from botocore.session import get_session
from botocore.validate import ParamValidator
from ministack.services import cloudwatch_logs, ec2, ecs, efs, iam, lambda_svc, s3, scheduler, secretsmanager, sns, sqs
from ministack.core.responses import new_uuid
from ministack.services.cloudformation import _stacks, custom_resource, handlers, provisioners, stacks

HANDLERS = provisioners._RESOURCE_HANDLERS


def extend(resource_type, apply):
    """Lets `apply(physical_id, attributes, properties)` complete what MiniStack makes of a resource type. What it
    returns, if anything, takes the place of (physical_id, attributes)."""
    original = HANDLERS[resource_type]

    def create(logical_id, props, stack_name):
        made = original["create"](logical_id, props, stack_name)
        return apply(*made, props) or made

    def update(physical_id, old_props, new_props, stack_name):
        made = original["update"](physical_id, old_props, new_props, stack_name)
        return apply(*made, new_props) or made

    HANDLERS[resource_type] = {**original, "create": create, **({"update": update} if "update" in original else {})}


def add(resource_type, create, delete=lambda physical_id, props: None):
    """Adds a resource type. `create(name, properties)` returns (physical_id, attributes)."""

    def create_named(logical_id, props, stack_name):
        return create(provisioners._physical_name(stack_name, logical_id, max_len=60), props)

    HANDLERS[resource_type] = {"create": create_named, "delete": delete}


FREE_FORM = ("Options", "DockerLabels", "DriverOpts", "Labels")
IRREGULAR = {"EFSVolumeConfiguration": "efsVolumeConfiguration", "FilesystemId": "fileSystemId", "IAM": "iam"}


def lower_first(value):
    """CloudFormation's `PropertyName` as the API's `propertyName`, all the way down, but for free-form maps."""
    if isinstance(value, list):
        return [lower_first(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        IRREGULAR.get(key, key[0].lower() + key[1:]): item if key in FREE_FORM else lower_first(item)
        for key, item in value.items()
    }


# S3 ------------------------------------------------------------------------------------------------------------------

S3_MODEL = get_session().get_service_model("s3")
S3_SERIALIZER = create_serializer("rest-xml", include_validation=False)


def put(bucket, operation, handler, **parameters):
    """Gives the emulated S3 what a client would have sent."""
    request = S3_SERIALIZER.serialize_to_request({"Bucket": bucket, **parameters}, S3_MODEL.operation_model(operation))
    body = request["body"]
    status, _, answer = handler(bucket, body if isinstance(body, bytes) else body.encode())
    if status >= 300:
        raise ValueError(f"{operation} of {bucket}: {answer}")


def lifecycle_rule(rule):
    days = rule.get("NoncurrentVersionExpirationInDays")
    noncurrent = rule.get("NoncurrentVersionExpiration", {"NoncurrentDays": days} if days else None)
    expiration = {
        k: v
        for k, v in {
            "Days": rule.get("ExpirationInDays"),
            "ExpiredObjectDeleteMarker": rule.get("ExpiredObjectDeleteMarker"),
        }.items()
        if v is not None
    }
    moves = [{"Days": t["TransitionInDays"], "StorageClass": t["StorageClass"]} for t in rule.get("Transitions", [])]
    parts = {
        "ID": rule.get("Id"),
        "Transitions": moves,
        "AbortIncompleteMultipartUpload": rule.get("AbortIncompleteMultipartUpload"),
        "NoncurrentVersionExpiration": noncurrent,
        "Expiration": expiration,
    }
    filled = {k: v for k, v in parts.items() if v}
    size = rule.get("ObjectSizeGreaterThan")
    chosen = {"ObjectSizeGreaterThan": int(size)} if size is not None else {"Prefix": rule.get("Prefix", "")}
    return {**filled, "Status": rule["Status"], "Filter": chosen}


def default_encryption(default):
    # Without a key S3 takes its own; MiniStack then wants one named in every put.
    own = {"KMSMasterKeyID": "alias/aws/s3"} if default["SSEAlgorithm"] == "aws:kms" else {}
    return {**own, **{k: v for k, v in default.items() if isinstance(v, str)}}


def bucket_settings(name, attributes, props):
    if "BucketEncryption" in props:
        rules = [
            {
                "ApplyServerSideEncryptionByDefault": default_encryption(rule["ServerSideEncryptionByDefault"]),
                "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
            }
            for rule in props["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        ]
        configuration = {"Rules": rules}
        put(name, "PutBucketEncryption", s3._put_bucket_encryption, ServerSideEncryptionConfiguration=configuration)
    if "LifecycleConfiguration" in props:
        rules = [lifecycle_rule(rule) for rule in props["LifecycleConfiguration"]["Rules"]]
        configuration = {"Rules": rules}
        put(name, "PutBucketLifecycleConfiguration", s3._put_bucket_lifecycle, LifecycleConfiguration=configuration)
    if "PublicAccessBlockConfiguration" in props:
        configuration = props["PublicAccessBlockConfiguration"]
        put(name, "PutPublicAccessBlock", s3._put_public_access_block, PublicAccessBlockConfiguration=configuration)
    if "OwnershipControls" in props:
        configuration = props["OwnershipControls"]
        put(name, "PutBucketOwnershipControls", s3._put_bucket_ownership_controls, OwnershipControls=configuration)
    if "LoggingConfiguration" in props:
        logging = props["LoggingConfiguration"]
        enabled = {"TargetBucket": logging["DestinationBucketName"], "TargetPrefix": logging.get("LogFilePrefix", "")}
        put(name, "PutBucketLogging", s3._put_bucket_logging, BucketLoggingStatus={"LoggingEnabled": enabled})


extend("AWS::S3::Bucket", bucket_settings)


# ECS -----------------------------------------------------------------------------------------------------------------


def task_definition(logical_id, props, stack_name):
    data = {"family": f"{stack_name}{logical_id}", **lower_first(props)}
    status, _, body = ecs._register_task_definition(data)
    answer = json.loads(body)
    if status != 200:
        raise ValueError(answer)
    arn = answer["taskDefinition"]["taskDefinitionArn"]
    return arn, {"TaskDefinitionArn": arn}


def capacity_providers(name, props):
    cluster = props["Cluster"]
    ecs._clusters[cluster]["capacityProviders"] = props["CapacityProviders"]
    ecs._clusters[cluster]["defaultCapacityProviderStrategy"] = lower_first(props["DefaultCapacityProviderStrategy"])
    return cluster, {}


def cluster(logical_id, props, stack_name, original=HANDLERS["AWS::ECS::Cluster"]["create"]):
    return original(logical_id, {**props, "ClusterSettings": lower_first(props.get("ClusterSettings", []))}, stack_name)


HANDLERS["AWS::ECS::TaskDefinition"]["create"] = task_definition
HANDLERS["AWS::ECS::Cluster"]["create"] = cluster
HANDLERS["AWS::ECS::Cluster"]["delete"] = lambda name, props: ecs._delete_cluster({"cluster": name})
add("AWS::ECS::ClusterCapacityProviderAssociations", capacity_providers)


# Scheduler -----------------------------------------------------------------------------------------------------------


def schedule_details(name, attributes, props):
    # Properties that the API spells differently than CloudFormation, or that MiniStack drops.
    stored = scheduler._schedules[f"{props.get('GroupName', 'default')}/{name}"]
    stored["Target"] = copy.deepcopy(stored["Target"])
    for key in ("ScheduleExpressionTimezone", "KmsKeyArn", "StartDate", "EndDate"):
        if key in props:
            stored[key] = props[key]
    parameters = stored["Target"].get("EcsParameters", {})
    if "CapacityProviderStrategy" in parameters:
        parameters["CapacityProviderStrategy"] = lower_first(parameters["CapacityProviderStrategy"])
    network = parameters.get("NetworkConfiguration", {})
    if "AwsvpcConfiguration" in network:
        parameters["NetworkConfiguration"] = {"awsvpcConfiguration": network["AwsvpcConfiguration"]}


def schedule_update(physical_id, old_props, new_props, stack_name):
    HANDLERS["AWS::Scheduler::Schedule"]["delete"](physical_id, old_props)
    return HANDLERS["AWS::Scheduler::Schedule"]["create"](physical_id, {**new_props, "Name": physical_id}, stack_name)


extend("AWS::Scheduler::Schedule", schedule_details)
HANDLERS["AWS::Scheduler::Schedule"]["update"] = schedule_update


# Systems Manager: only for its properties. Who runs a document reads them.
add("AWS::SSM::Document", lambda name, props: (props["Name"], {}))


# EFS -----------------------------------------------------------------------------------------------------------------


def efs_resource(create, id_name, arn_name=None):
    def create_resource(name, props):
        body = {**props, "CreationToken": name, "ClientToken": name, "Tags": props.get("FileSystemTags", [])}
        status, _, answer = create(body)
        made = json.loads(answer)
        if status >= 300:
            raise ValueError(made)
        attributes = {id_name: made[id_name], "Id": made[id_name]}
        return made[id_name], {**attributes, **({"Arn": made[arn_name]} if arn_name else {})}

    return create_resource


add(
    "AWS::EFS::FileSystem",
    efs_resource(efs._create_file_system, "FileSystemId", "FileSystemArn"),
    lambda physical_id, props: efs._delete_file_system(physical_id),
)
add(
    "AWS::EFS::AccessPoint",
    efs_resource(efs._create_access_point, "AccessPointId", "AccessPointArn"),
    lambda physical_id, props: efs._delete_access_point(physical_id),
)
add(
    "AWS::EFS::MountTarget",
    efs_resource(efs._create_mount_target, "MountTargetId"),
    lambda physical_id, props: efs._delete_mount_target(physical_id),
)


# Identities, secrets, logs, queues -----------------------------------------------------------------------------------


def role_path(name, attributes, props):
    arn = iam._roles[name]["Arn"].replace(":role/", f":role{props.get('Path', '/')}", 1)
    iam._roles[name]["Arn"] = arn
    return name, {**attributes, "Arn": arn}


def secret_reference(name, attributes, props):
    # CloudFormation's Ref of a secret is its ARN.
    return attributes["Arn"], {**attributes, "Id": attributes["Arn"]}


def secret_delete(physical_id, props):
    for name in [name for name, secret in secretsmanager._secrets.items() if secret["ARN"] == physical_id]:
        del secretsmanager._secrets[name]


def log_group_key(name, attributes, props):
    if "KmsKeyId" in props:
        cloudwatch_logs._log_groups[name]["kmsKeyId"] = props["KmsKeyId"]


def queue_settings(url, attributes, props):
    if "RedrivePolicy" in props:
        sqs._queues[url]["attributes"]["RedrivePolicy"] = json.dumps(props["RedrivePolicy"])
    for key in ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"):
        if key in props:
            sqs._queues[url]["attributes"][key] = str(props[key]).lower() if key.startswith("Sqs") else str(props[key])


def topic_key(arn, attributes, props):
    if "KmsMasterKeyId" in props:
        sns._topics[arn]["attributes"]["KmsMasterKeyId"] = props["KmsMasterKeyId"]


extend("AWS::IAM::Role", role_path)
extend("AWS::SecretsManager::Secret", secret_reference)
HANDLERS["AWS::SecretsManager::Secret"]["delete"] = secret_delete
extend("AWS::Logs::LogGroup", log_group_key)
extend("AWS::SQS::Queue", queue_settings)
extend("AWS::SNS::Topic", topic_key)

# MiniStack would allow everything, whatever the policies say: no answer is better than that one.
del iam._IAM_HANDLERS["SimulatePrincipalPolicy"]


# Events --------------------------------------------------------------------------------------------------------------


def rule_arn(name, attributes, props):
    # The default bus is not in the ARN of a rule.
    return name, {**attributes, "Arn": attributes["Arn"].replace(":rule/default/", ":rule/")}


extend("AWS::Events::Rule", rule_arn)


# EC2 -----------------------------------------------------------------------------------------------------------------

# MiniStack has no locks of snapshots: none is locked.
ec2._ACTION_MAP["DescribeLockedSnapshots"] = lambda params: ec2._xml(
    200, "DescribeLockedSnapshotsResponse", "<snapshotSet/>"
)


# Volumes, and the policies of Data Lifecycle Manager ------------------------------------------------------------------

DLM_MODEL = get_session().get_service_model("dlm").operation_model("CreateLifecyclePolicy").input_shape


def violations(shape, value, place=""):
    """Violations of the service's model that botocore's validator misses: patterns, enumerations and upper bounds."""
    if shape.type_name == "structure":
        return [v for k, item in value.items() for v in violations(shape.members[k], item, f"{place}.{k}")]
    rules = shape.metadata
    size = value if shape.type_name == "integer" else len(value) if hasattr(value, "__len__") else 0
    faults = [f"{place} is more than {rules['max']}: {value}"] if "max" in rules and size > rules["max"] else []
    if "enum" in rules and value not in rules["enum"]:
        faults.append(f"{place} is none of {rules['enum']}: {value}")
    if "pattern" in rules and "\\p" not in rules["pattern"] and not re.fullmatch(rules["pattern"], value):
        faults.append(f"{place} does not match {rules['pattern']}: {value}")
    items = value if shape.type_name == "list" else []
    return faults + [v for i, item in enumerate(items) for v in violations(shape.member, item, f"{place}[{i}]")]


def lifecycle_policy(name, props):
    tags = {tag["Key"]: tag["Value"] for tag in props.get("Tags", [])}
    request = {**props, "Tags": tags} if tags else props
    report = ParamValidator().validate(request, DLM_MODEL)
    faults = [report.generate_report()] if report.has_errors() else violations(DLM_MODEL, request)
    if faults:
        raise ValueError(f"CreateLifecyclePolicy: {'; '.join(faults)}")
    policy_id = f"policy-{hashlib.sha256(name.encode()).hexdigest()[:17]}"
    return policy_id, {"Arn": f"arn:aws:dlm:us-east-1:000000000000:policy/{policy_id}"}


def volume(name, props):
    tags = [(f"TagSpecification.1.Tag.{i}", tag) for i, tag in enumerate(props.get("Tags", []), start=1)]
    parameters = {
        **{key: str(props[key]) for key in ("AvailabilityZone", "Size", "VolumeType", "Encrypted") if key in props},
        "TagSpecification.1.ResourceType": "volume",
        **{f"{place}.{part}": tag[part] for place, tag in tags for part in ("Key", "Value")},
    }
    _, _, answer = ec2._create_volume({key: [value] for key, value in parameters.items()})
    volume_id = re.search(rb"<volumeId>(.*?)</volumeId>", answer).group(1).decode()
    return volume_id, {"VolumeId": volume_id}


add("AWS::DLM::LifecyclePolicy", lifecycle_policy)
add("AWS::EC2::Volume", volume, lambda physical_id, props: ec2._delete_volume({"VolumeId": [physical_id]}))


# Only kept: nothing here depends on what they do ---------------------------------------------------------------------

for resource_type in ("SecurityGroupIngress", "SecurityGroupEgress", "FlowLog", "NatGateway"):
    add(f"AWS::EC2::{resource_type}", lambda name, props: (name, {"Id": name, "NatGatewayId": name}))
add("AWS::EC2::EIP", lambda name, props: (name, {"AllocationId": name, "PublicIp": "192.0.2.1"}))
add("AWS::RDS::DBSubnetGroup", lambda name, props: (name, {"Ref": name}))
add("AWS::SecretsManager::SecretTargetAttachment", lambda name, props: (props["SecretId"], {"Id": props["SecretId"]}))


# Wait conditions -----------------------------------------------------------------------------------------------------


def wait_handle(name, props):
    # Answers come in by the way of those of custom resources.
    token = new_uuid()
    custom_resource.register_token(token)
    return custom_resource._response_url(token), {}


def wait_condition(name, props):
    """Of one signal."""
    pending = custom_resource._pending[props["Handle"].rsplit("/", 1)[1]]
    if not pending["event"].wait(int(props["Timeout"])):
        raise ValueError("WaitCondition timed out. Received 0 conditions when expecting 1")
    signal = pending["result"]
    if signal["Status"] != "SUCCESS":
        raise ValueError(
            f"WaitCondition received failed message: '{signal['Reason']}' for uniqueId: {signal['UniqueId']}"
        )
    return name, {}


def may_wait(resource_type, is_custom=stacks._is_custom_resource):
    return resource_type == "AWS::CloudFormation::WaitCondition" or is_custom(resource_type)


add("AWS::CloudFormation::WaitConditionHandle", wait_handle)
add("AWS::CloudFormation::WaitCondition", wait_condition)
stacks._is_custom_resource = may_wait


# Tags, which MiniStack drops ------------------------------------------------------------------------------------------


def tagged(resource_type, put_tags):
    extend(
        resource_type,
        lambda physical_id, attributes, props: put_tags(
            physical_id, attributes, {tag["Key"]: tag["Value"] for tag in props.get("Tags", [])}
        ),
    )


tagged("AWS::S3::Bucket", lambda name, attributes, tags: s3._bucket_tags.update({name: tags}))
tagged("AWS::SQS::Queue", lambda url, attributes, tags: sqs._queues[url].update(tags=tags))
tagged("AWS::SNS::Topic", lambda arn, attributes, tags: sns._topics[arn].update(tags=tags))
tagged("AWS::Lambda::Function", lambda name, attributes, tags: lambda_svc._functions[name].update(tags=tags))
tagged(
    "AWS::ECS::Cluster",
    lambda name, attributes, tags: ecs._tags.update(
        {attributes["Arn"]: [{"key": key, "value": value} for key, value in tags.items()]}
    ),
)


# Deleting stacks -----------------------------------------------------------------------------------------------------


def delete_unless_retained(resource_type, physical_id, props, stack_name=None, logical_id=None):
    stack = _stacks[stack_name]
    if stack.get("StackStatus") == "UPDATE_ROLLBACK_IN_PROGRESS" and logical_id in stack["_template"]["Resources"]:
        # It was there before the update, which MiniStack does not ask.
        return
    policy = stack.get("_template", {}).get("Resources", {}).get(logical_id, {}).get("DeletionPolicy")
    rolls_back = "ROLLBACK" in stack.get("StackStatus", "")
    if policy != "Retain" and (policy != "RetainExceptOnCreate" or rolls_back):
        provisioners._delete_resource(resource_type, physical_id, props, stack_name, logical_id)


def by_name_or_arn(action):
    """Takes the ARN of a stack, too: arn:aws:cloudformation:<region>:<account>:stack/<name>/<id>"""
    act = handlers._ACTION_HANDLERS[action]

    def named(params):
        name = params["StackName"][0]
        return act({**params, "StackName": [name.split("/")[1] if name.startswith("arn:") else name]})

    handlers._ACTION_HANDLERS[action] = named


def delete_empty_bucket(name, props, delete=HANDLERS["AWS::S3::Bucket"]["delete"]):
    kept = [key for (bucket, key), versions in s3._object_versions.items() if bucket == name and versions]
    if kept or s3._buckets[name]["objects"]:
        raise ValueError(f"The bucket you tried to delete is not empty: {name}")
    delete(name, props)


HANDLERS["AWS::S3::Bucket"]["delete"] = delete_empty_bucket
stacks._delete_resource = delete_unless_retained
for action in ("DeleteStack", "DescribeStackResource"):
    by_name_or_arn(action)
