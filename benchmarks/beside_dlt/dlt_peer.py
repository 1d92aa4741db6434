# mypy: ignore-errors
"""Runs in dlt's own environment: one run of a pipeline over the API, then what its table holds, as JSON.

python dlt_peer.py '{"url": ..., "folder": ..., "paging": ..., "envelope": ..., "auth": ..., "page": 100}'
"""

import json
import sys

import dlt
from dlt.sources.rest_api import rest_api_source


def main() -> None:
    asked = json.loads(sys.argv[1])
    data = "data." if asked["envelope"] == "code" else ""
    paginators = {
        "next_token": {"type": "cursor", "cursor_path": f"{data}next_cursor", "cursor_param": "cursor"},
        "offset": {"type": "offset", "limit": asked["page"], "total_path": f"{data}total"},
    }
    client = {"base_url": asked["url"], "paginator": paginators[asked["paging"]]}
    if asked["auth"] != "none":
        client["auth"] = {
            "type": "oauth2_client_credentials", "access_token_url": asked["url"] + "/oauth/token",
            "client_id": asked["client_id"], "client_secret": asked["client_secret"],
        }  # fmt: skip
    params = {"since": "{incremental.start_value}"}
    if asked["paging"] != "offset":
        params["limit"] = asked["page"]
    source = rest_api_source({
        "client": client,
        "resources": [{
            "name": "account", "primary_key": "id", "write_disposition": "merge",
            "endpoint": {
                "path": "account", "data_selector": f"{data}items", "params": params,
                "incremental": {"cursor_path": "updated_at", "initial_value": "2020-01-01T00:00:00+00:00"},
            },
        }],
    })  # fmt: skip
    pipeline = dlt.pipeline(
        "beside", destination=dlt.destinations.duckdb(asked["folder"] + "/dlt.duckdb"), dataset_name="raw",
        pipelines_dir=asked["folder"] + "/pipelines",
    )  # fmt: skip
    failed = ""
    try:
        pipeline.run(source)
    except Exception as error:
        failed = str(error).strip().splitlines()[-1][:200]
    try:
        with pipeline.sql_client() as client:
            rows = dict(client.execute_sql("SELECT id, name || '|' || coalesce(note, '') FROM raw.account"))
    except Exception:
        try:
            with pipeline.sql_client() as client:
                rows = dict(client.execute_sql("SELECT id, name || '|' FROM raw.account"))
        except Exception:
            rows = {}
    print(json.dumps({"failed": failed, "rows": {str(key): value for key, value in rows.items()}}))


main()
