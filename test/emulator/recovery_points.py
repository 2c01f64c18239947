"""Teaches MiniStack the recovery points that the jobs of AWS Backup made, and the selections of its plans."""

from ministack.services import backup

import resources


def list_by_vault(vault_name, query):
    if vault_name not in backup._vaults:
        return backup._not_found(f"Vault '{vault_name}' not found.")
    of_resource = query.get("resourceArn")
    points = [
        {
            "RecoveryPointArn": job["RecoveryPointArn"],
            "BackupVaultName": vault_name,
            "ResourceArn": job["ResourceArn"],
            "ResourceType": {"elasticfilesystem": "EFS", "s3": "S3"}[job["ResourceArn"].split(":")[2]],
            "Status": "COMPLETED",
            "CreationDate": job["CreationDate"],
            "CompletionDate": job["CompletionDate"],
            "BackupSizeInBytes": job["BackupSizeInBytes"],
        }
        for job in backup._jobs.values()
        if job["BackupVaultName"] == vault_name and of_resource in (None, job["ResourceArn"])
    ]
    return backup._paginate(points, query, "RecoveryPoints")


def selection(name, props):
    chosen = props["BackupSelection"]
    for needed in ("SelectionName", "IamRoleArn"):
        if needed not in chosen:
            raise ValueError(f"a selection needs {needed}")
    return name, {"SelectionId": name}


backup._list_recovery_points_by_vault = list_by_vault
resources.add("AWS::Backup::BackupSelection", selection)
