"""The sandbox's AWS: moto on loopback with IAM enforced. Usage: serve.py SETTINGS.json"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

settings = json.loads(Path(sys.argv[1]).read_text())
os.environ["MOTO_ACCOUNT_ID"] = settings["accountId"]

from authorization import enforce  # noqa: E402 -- moto reads its account id from the environment when imported
from faults import Faults  # noqa: E402
from loopback import stay_on_loopback  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from seed import World, seed  # noqa: E402
from simulation import offer_simulation  # noqa: E402
from web_identity import Keys  # noqa: E402
from werkzeug.serving import run_simple  # noqa: E402
from werkzeug.wrappers import Response  # noqa: E402

HEALTH = "/llmgw-sandbox/health"
CLOSED = ("/moto-api", "/latest/", "/favicon.ico")


class FrontDoor:
    """Answers the health check; keeps moto's own controls, which know no IAM, closed."""

    def __init__(self, application: Any) -> None:
        self.application = application

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        path = environ.get("PATH_INFO", "")
        if path == HEALTH:
            return Response(settings["issuer"], mimetype="text/plain")(environ, start_response)
        if path.startswith(CLOSED):
            return Response("not part of the sandbox\n", 404)(environ, start_response)
        return self.application(environ, start_response)


def main() -> None:
    sys.addaudithook(stay_on_loopback)
    # All is in memory, so there is nothing to close; threads of idle connections would hold up an ordinary exit.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    directory = Path(settings["directory"])
    data = json.loads(Path(__file__).with_name("seed.json").read_text())
    provided = settings.get("provided", {})
    for secret in data["secrets"]:
        secret["value"] = provided.get(secret["name"], secret["value"])
    seed(
        World(
            account=settings["accountId"],
            region=settings["region"],
            access_key_id=settings["accessKeyId"],
            secret_access_key=settings["secretAccessKey"],
            cluster=settings["clusterName"],
            cluster_version=data["clusterVersion"],
            issuer=settings["issuer"],
            kubeconfig=Path(settings["kubeconfig"]),
        ),
        data,
    )
    offer_simulation()
    enforce(Keys(directory / "jwks.json"), Faults(directory / "aws" / "faults.json"))
    application = FrontDoor(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", settings["port"], application, threaded=True, request_handler=MotoRequestHandler)


main()
