"""Gives a `FakeWeb` the few pages of a model hub that fetching one repository takes."""

import hashlib
import json
from collections.abc import Mapping

from tests.engine.fake_web import Answer, FakeWeb

COMMIT = "c0ffee" * 6 + "c0ff"


def serve_repository(server: FakeWeb, name: str, files: Mapping[str, bytes]) -> None:
    """Offer `files` as the main revision of the repository `name`."""
    siblings = [{"rfilename": path} for path in files]
    tree = [
        {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
        for path, content in files.items()
    ]
    about = {"id": name, "modelId": name, "sha": COMMIT, "private": False, "tags": [], "siblings": siblings}
    for page, content in (
        (f"/api/models/{name}", about),
        (f"/api/models/{name}/revision/main", about),
        (f"/api/models/{name}/tree/{COMMIT}", tree),
    ):
        server.pages[page] = [Answer(json.dumps(content).encode(), kind="application/json")]
    for path, body in files.items():
        headers = {"ETag": f'"{hashlib.sha1(body).hexdigest()}"', "X-Repo-Commit": COMMIT}
        server.pages[f"/{name}/resolve/{COMMIT}/{path}"] = [Answer(body, headers=headers)]
