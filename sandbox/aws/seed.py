"""What the emulated account holds before anybody deploys: made in process, the same at every start."""

import base64
import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from moto.ec2.models import ec2_backends
from moto.eks.models import eks_backends
from moto.eks.responses import EKSResponse
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.secretsmanager.models import secretsmanager_backends

ADMIN = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
EKS_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
        ],
    }
)
# AWS ignores the thumbprint of its own issuers; the field must still be 40 hex digits.
THUMBPRINT = "0" * 40


@dataclass(frozen=True)
class World:
    account: str
    region: str
    access_key_id: str
    secret_access_key: str
    cluster: str
    cluster_version: str
    issuer: str
    kubeconfig: Path


def _administrator(world: World, iam: Any) -> None:
    iam.create_user(world.region, "sandbox-admin")
    iam.put_user_policy("sandbox-admin", "administrator", ADMIN)
    key = iam.create_access_key("sandbox-admin")
    key.access_key_id, key.secret_access_key = world.access_key_id, world.secret_access_key


def _network(world: World, data: dict[str, Any]) -> tuple[str, list[str]]:
    ec2 = ec2_backends[world.account][world.region]
    vpc = ec2.create_vpc(data["cidr"])
    vpc.add_tags({"Name": data["name"]})
    subnets = []
    for suffix, cidr in data["subnets"].items():
        subnet = ec2.create_subnet(vpc.id, cidr, availability_zone=f"{world.region}{suffix}")
        subnet.add_tags({"Name": f"{data['name']}-{suffix}", f"kubernetes.io/cluster/{world.cluster}": "shared"})
        subnets.append(subnet.id)
    return vpc.id, subnets


def _cluster(world: World, iam: Any, vpc: str, subnets: list[str]) -> None:
    role = iam.create_role(f"{world.cluster}-cluster", EKS_TRUST, "/", None, "", [], "3600")
    network = {"subnetIds": subnets, "securityGroupIds": [], "vpcId": vpc, "endpointPublicAccess": True}
    cluster = eks_backends[world.account][world.region].create_cluster(
        world.cluster, role.arn, network, version=world.cluster_version, tags={}
    )
    cluster.identity = {"oidc": {"issuer": world.issuer}}
    provider = iam.create_open_id_connect_provider(world.issuer, [THUMBPRINT], ["sts.amazonaws.com"], [])
    del provider


def _secrets(world: World, secrets: list[dict[str, str]]) -> None:
    backend = secretsmanager_backends[world.account][world.region]
    for secret in secrets:
        backend.create_secret(
            name=secret["name"],
            secret_string=secret["value"],
            secret_binary=None,
            description=secret["description"],
            tags=[],
            kms_key_id=None,
            client_request_token=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{world.issuer}/{secret['name']}")),
            replica_regions=[],
            force_overwrite=False,
        )


def _follow_kubeconfig(world: World) -> None:
    """DescribeCluster answers with the API server of this sandbox, which may start after the emulator."""
    describe = EKSResponse.describe_cluster

    def described(self: Any) -> Any:
        cluster = eks_backends[world.account][world.region].clusters.get(world.cluster)
        if cluster is not None and world.kubeconfig.exists():
            config = yaml.safe_load(world.kubeconfig.read_text())["clusters"][0]["cluster"]
            cluster.endpoint = config["server"]
            authority = config.get("certificate-authority-data")
            if authority is None:
                authority = base64.b64encode(Path(config["certificate-authority"]).read_bytes()).decode()
            cluster.certificate_authority = {"data": authority}
        return describe(self)

    EKSResponse.describe_cluster = described  # type: ignore[method-assign]


def seed(world: World, data: dict[str, Any]) -> None:
    # The issuer's id is this sandbox's own: ids differ between sandboxes and not between starts.
    mock_random.seed(world.issuer)
    iam = iam_backends[world.account]["aws"]
    _administrator(world, iam)
    vpc, subnets = _network(world, data["vpc"])
    _cluster(world, iam, vpc, subnets)
    _secrets(world, data["secrets"])
    _follow_kubeconfig(world)
    # What is made from now on must not repeat after a restart.
    mock_random.seed(os.urandom(16))
