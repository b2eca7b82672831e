"""`git milestone schema`"""

from __future__ import annotations

import json

from gitmilestone.faces.context import Context, Values
from gitmilestone.model.layout import ROOT, SCHEMA_FILE, SETTINGS_SCHEMA_FILE
from gitmilestone.model.schema import json_schema, modeline


def run(context: Context, values: Values) -> int:
    is_settings = values["settings"]
    if not values["modeline"]:
        from gitmilestone.model.settings_schema import settings_schema

        context.write(json.dumps(settings_schema() if is_settings else json_schema(), indent=2))
    elif is_settings:
        context.write(modeline(SETTINGS_SCHEMA_FILE.rpartition("/")[2]))
        context.warn(f"hint: `git milestone schema --settings > {ROOT}/{SETTINGS_SCHEMA_FILE}`, and commit it")
    else:
        context.write(modeline(f"../{SCHEMA_FILE}"))
        context.warn(f"hint: `git milestone schema > {ROOT}/{SCHEMA_FILE}`, and commit it; new files then name it")
    return 0
