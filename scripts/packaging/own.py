"""What no linter knows: that the files under contrib/ fit the program and each other.

    own.py kubernetes RENDERED.yaml   restricted, no secret in plain, times, whom selectors choose
    own.py settings PROGRAM FILE...   each APPGRANT_ name and value is one the program takes
    own.py metrics LIST FILE...       each metric that is asked for is one that docs/metrics.md names
    own.py dashboard FILE RULES       its shape; writes its questions as rules, for promtool to read

Ends with 1 and a line for each fault.
"""

import json
import os
import re
import subprocess
import sys

import yaml

NAME = "appgrant"
SELF = {"app.kubernetes.io/name": NAME}


def kubernetes(path):
    with open(path, encoding="utf-8") as file:
        objects = [each for each in yaml.safe_load_all(file) if each]
    kinds = {each["kind"] for each in objects}
    for kind in ["Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceAccount", "ConfigMap"]:
        if kind not in kinds:
            yield f"there is no {kind}"
    if "Secret" in kinds:
        yield "a Secret stands in the manifests; it may only be referred to"
    for each in objects:
        spec, name = each.get("spec", {}), f"{each['kind']} {each['metadata']['name']}"
        if "namespace" in each["metadata"]:
            yield f"{name} names a namespace, which is the operator's to choose"
        chosen = {
            "Service": spec.get("selector"),
            "PodDisruptionBudget": spec.get("selector", {}).get("matchLabels"),
            "NetworkPolicy": spec.get("podSelector", {}).get("matchLabels"),
        }
        if each["kind"] in chosen and chosen[each["kind"]] != SELF:
            yield f"{name} chooses {chosen[each['kind']]}, not the pods of AppGrant alone"
        if each["kind"] == "Deployment":
            yield from pods(spec, settings_of(objects))


def settings_of(objects):
    return next((each["data"] for each in objects if each["kind"] == "ConfigMap"), {})


def pods(spec, settings):
    pod = spec["template"]["spec"]
    if spec["replicas"] < 3:
        yield "fewer than three replicas"
    for key, wanted in [("automountServiceAccountToken", False), ("enableServiceLinks", False)]:
        if pod.get(key) is not wanted:
            yield f"{key} must be {wanted}"
    for key in ["hostNetwork", "hostPID", "hostIPC"]:
        if pod.get(key):
            yield f"{key} is not for us"
    context = pod.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        yield "the pod may run as root"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "the pod has no seccomp profile"
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
    for volume in pod.get("volumes", []):
        if not allowed & set(volume):
            yield f"volume {volume['name']} is of a kind that the restricted profile forbids"
    for container in pod.get("initContainers", []) + pod["containers"]:
        yield from restricted(container)
    server = next(each for each in pod["containers"] if each["name"] == NAME)
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"]:
        if probe not in server:
            yield f"there is no {probe}"
    ready = server.get("readinessProbe", {})
    patience = ready.get("periodSeconds", 10) * ready.get("failureThreshold", 3)
    away = int(settings.get("APPGRANT_VERIFY_WITHOUT_DATABASE_SECONDS", 60))
    if patience <= away:
        yield f"pods are taken out after {patience} s without a database, though /verify answers for {away} s"
    pause = server.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    needed = pause + int(settings.get("APPGRANT_SHUTDOWN_SECONDS", 30))
    if pod.get("terminationGracePeriodSeconds", 30) <= needed:
        yield f"terminationGracePeriodSeconds must be more than {needed}"


def restricted(container):
    name, context = container["name"], container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"container {name} may gain rights"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield f"container {name} keeps capabilities"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"container {name} may write its root"
    if "memory" not in container.get("resources", {}).get("limits", {}):
        yield f"container {name} has no limit of memory"
    for variable in container.get("env", []):
        if re.search("DATABASE_URL|PASSWORD|SECRET(?!_KEY_FILE)", variable["name"]) and "value" in variable:
            yield f"container {name} has {variable['name']} in plain"


def settings(program, *paths):
    for path in paths:
        variables = variables_of(path)
        if not variables:
            yield f"{path} sets nothing"
        for key in variables:
            if "DATABASE_URL" in key and "postgres" in variables[key]:
                yield f"{path} has the database's address, and so its password, in plain"
        clean = {"PATH": os.environ["PATH"], **variables}
        done = subprocess.run([program, "config"], env=clean, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield f"{path}: {done.stderr.strip()}"


def variables_of(path):
    """What the file puts into the environment, examples in place of what the operator says."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if path.endswith(".env"):
        pairs = [line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#")]
    elif path.endswith(".yaml"):
        pairs = yaml.safe_load(text)["services"][NAME]["environment"].items()
    else:
        pairs = re.findall(r"^ENV (APPGRANT_\w+)=(\S+)", text, re.MULTILINE)
    example = lambda value: re.sub(r"https://\$\{\w+:\?[^}]*\}|\$\{PUBLIC_URL[^}]*\}", "https://shop.example", str(value))
    return {key: re.sub(r"\$\{\w+:-\}", "", example(value)) for key, value in pairs}


def metrics(known, *paths):
    with open(known, encoding="utf-8") as file:
        names = set(re.findall(r"\b(?:appgrant|process)_[a-z_]+\b", file.read()))
    for path in paths:
        used = set()
        for question in questions(path):
            used |= set(re.findall(r"\b(?:appgrant|process)_[a-z_]+\b", question))
        if not used:
            yield f"{path} asks for no metric"
        for name in sorted(used):
            if name not in names and re.sub("_(bucket|sum|count)$", "", name) not in names:
                yield f"{path} asks for {name}, which {known} does not name"


def questions(path):
    with open(path, encoding="utf-8") as file:
        if path.endswith(".json"):
            board = json.load(file)
            for panel in board["panels"]:
                yield from (target["expr"] for target in panel.get("targets", []))
            yield from (str(each.get("definition", "")) for each in board["templating"]["list"])
        else:
            for group in yaml.safe_load(file)["groups"]:
                yield from (rule["expr"] for rule in group["rules"])


def dashboard(path, rules):
    with open(path, encoding="utf-8") as file:
        board = json.load(file)
    variables = {each["name"] for each in board["templating"]["list"]}
    ids = [panel["id"] for panel in board["panels"]]
    if len(ids) != len(set(ids)):
        yield "two panels have one id"
    taken, asked = {}, []
    for panel in board["panels"]:
        yield from shape(panel, variables, taken)
        for target in panel.get("targets", []):
            text = re.sub(r"\$__\w+", "5m", target["expr"])
            for name in re.findall(r"\$(\w+)", text):
                if name not in variables:
                    yield f"{panel['title']} uses ${name}, which is no variable"
            asked.append({"record": f"question:{panel['id']}:{target['refId']}", "expr": re.sub(r"\$\w+", "any", text)})
    with open(rules, "w", encoding="utf-8") as file:
        yaml.safe_dump({"groups": [{"name": "dashboard", "rules": asked}]}, file)


def shape(panel, variables, taken):
    title, place = panel["title"], panel["gridPos"]
    if place["x"] + place["w"] > 24:
        yield f"{title} is wider than the board"
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            if taken.setdefault((x, y), title) != title:
                yield f"{title} lies over {taken[x, y]}"
                return
    if panel["type"] == "row":
        return
    if not panel.get("targets"):
        yield f"{title} asks nothing"
    if "unit" not in panel["fieldConfig"]["defaults"]:
        yield f"{title} has no unit"
    for source in [panel, *panel.get("targets", [])]:
        if source["datasource"]["uid"] != "${datasource}" or "datasource" not in variables:
            yield f"{title} does not take its data from the variable"


CHECKS = {"kubernetes": kubernetes, "settings": settings, "metrics": metrics, "dashboard": dashboard}

if __name__ == "__main__":
    faults = list(CHECKS[sys.argv[1]](*sys.argv[2:]))
    for fault in faults:
        print(f"{sys.argv[1]}: {fault}", file=sys.stderr)
    sys.exit(bool(faults))
