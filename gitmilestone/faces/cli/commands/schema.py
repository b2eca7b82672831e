"""`git milestone schema`"""

from __future__ import annotations

import json

from gitmilestone.faces.context import Context, Values
from gitmilestone.model.layout import ROOT, SCHEMA_FILE
from gitmilestone.model.schema import json_schema, modeline


def run(context: Context, values: Values) -> int:
    if values["modeline"]:
        context.write(modeline(f"../{SCHEMA_FILE}"))
        context.warn(f"hint: `git milestone schema > {ROOT}/{SCHEMA_FILE}`, and commit it; new files then name it")
    else:
        context.write(json.dumps(json_schema(), indent=2))
    return 0
