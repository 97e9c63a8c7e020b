"""The stand-in kubectl: the verbs that kagent, its lab and a person beside it use."""
import argparse
import json
import os
import sys

import api_kinds
import conf
import kubectl_admin as admin
import kubectl_verbs as verbs
import wire
from kubectl_common import Wrong, open_client


class Parser(argparse.ArgumentParser):
    def __init__(self, *args, **kw):
        kw.setdefault("allow_abbrev", False)
        super().__init__(*args, **kw)

    def error(self, message):
        print(f"error: {message}", file=sys.stderr)
        sys.exit(1)


def version(args):
    text = (f'version.Info{{Major:"1", Minor:"22", GitVersion:"{conf.VERSION}", '
            'GitCommit:"b695d79d4f967c403a96986f1750a35eb75e75f1", GitTreeState:"clean", '
            'BuildDate:"2021-11-17T15:48:33Z", GoVersion:"go1.16.10", Compiler:"gc", '
            'Platform:"linux/amd64"}')
    info = {"gitVersion": conf.VERSION, "major": "1", "minor": "22"}
    server = None if args.client else open_client(args).get("/version")
    if args.output == "json":
        shown = {"clientVersion": info}
        if server:
            shown["serverVersion"] = server
        print(json.dumps(shown, indent=2))
        return
    print(f"Client Version: {conf.VERSION if args.short else text}")
    if server:
        print(f"Server Version: {server['gitVersion'] if args.short else text}")


def config_view(args):
    path = args.kubeconfig or os.environ.get("KUBECONFIG") or os.path.expanduser("~/.kube/config")
    doc = wire.load_yaml(conf.read_file(path))
    if args.words[:1] == ["current-context"]:
        print(doc.get("current-context", ""))
        return
    if not args.raw:
        for cluster in doc.get("clusters") or []:
            if "certificate-authority-data" in cluster["cluster"]:
                cluster["cluster"]["certificate-authority-data"] = "DATA+OMITTED"
        for user in doc.get("users") or []:
            for key in ("client-certificate-data", "client-key-data", "token"):
                if key in user["user"]:
                    user["user"][key] = "REDACTED"
    print(wire.dump_yaml(doc), end="")


def _parser():
    top = Parser(prog="kubectl")
    common = Parser(add_help=False)
    for parser, missing in ((top, None), (common, argparse.SUPPRESS)):
        for flag, default in (("--kubeconfig", None), ("--server", None),
                              ("--request-timeout", "0"), ("--context", None)):
            parser.add_argument(flag, default=default if missing is None else missing)
        parser.add_argument("-s", dest="server", default=None if missing is None else missing)
        parser.add_argument("-n", "--namespace", default=None if missing is None else missing)
        parser.add_argument("-v", "--v", default="0" if missing is None else missing)
    commands = top.add_subparsers(dest="command", parser_class=Parser)

    def command(name, run, *flags):
        made = commands.add_parser(name, parents=[common])
        made.set_defaults(run=run)
        for names, kw in flags:
            made.add_argument(*names, **kw)
        return made

    yes = {"action": "store_true"}
    words = (["words"], {"nargs": "*"})
    output = (["-o", "--output"], {"default": ""})
    files = (["-f", "--filename"], {"action": "append", "default": []})
    selector = (["-l", "--selector"], {"default": ""})
    everything = (["--all"], yes)
    spaces = (["-A", "--all-namespaces"], yes)
    missing = (["--ignore-not-found"], {"nargs": "?", "const": "true", "default": "false"})
    command("version", version, (["--client"], yes), (["--short"], yes), output)
    command("config", config_view, words, (["--raw"], yes), (["--minify"], yes), output)
    command("apply", verbs.apply, files, output, (["--server-side"], yes),
            (["--force-conflicts"], yes), (["-R", "--recursive"], yes),
            (["--validate"], {"nargs": "?", "const": "true", "default": "true"}),
            (["--field-manager"], {"default": ""}))
    command("create", verbs.create, files, words, output)
    command("get", verbs.get, words, output, files, selector, spaces, missing,
            (["-w", "--watch"], yes), (["--no-headers"], yes), (["--show-labels"], yes),
            (["--field-selector"], {"default": ""}), (["--raw"], {"default": None}))
    command("describe", verbs.describe, words, selector, spaces)
    command("delete", verbs.delete, words, files, selector, everything, missing,
            (["--force"], yes), (["--wait"], {"nargs": "?", "const": "true", "default": "true"}),
            (["--grace-period"], {"default": "-1"}), (["--timeout"], {"default": "0"}),
            (["--now"], yes))
    command("wait", verbs.wait, words, files, selector, everything, spaces,
            (["--for"], {"dest": "condition", "required": True}),
            (["--timeout"], {"default": "30s"}))
    command("label", admin.label, words, selector, everything, (["--overwrite"], yes))
    command("annotate", admin.annotate, words, selector, everything, (["--overwrite"], yes))
    command("taint", admin.taint, words, everything, (["--overwrite"], yes))
    command("patch", admin.patch, words, output, (["-p", "--patch"], {"required": True}),
            (["--type"], {"default": "strategic"}))
    command("cordon", admin.cordon, words)
    command("uncordon", admin.uncordon, words)
    command("drain", admin.drain, words, (["--force"], yes), (["--ignore-daemonsets"], yes),
            (["--delete-emptydir-data"], yes), (["--timeout"], {"default": "0"}),
            (["--grace-period"], {"default": "-1"}), (["--disable-eviction"], yes))
    command("certificate", admin.certificate, words)
    command("auth", admin.can_i, words, (["--as"], {"dest": "as_user", "default": None}),
            (["--as-group"], {"action": "append", "default": []}), (["-q", "--quiet"], yes))
    command("cluster-info", lambda a: print("Kubernetes control plane is running at "
                                            + open_client(a).config.server), words)
    command("api-resources", _api_resources, words)
    return top


def _api_resources(args):
    open_client(args)
    for kind in api_kinds.KINDS:
        print(f"{kind.plural:<34}{kind.short:<14}{api_kinds.api_version(kind):<34}"
              f"{str(kind.namespaced).lower():<14}{kind.kind}")


def main(argv):
    args = _parser().parse_args(argv)
    if not args.command:
        _parser().print_help()
        return 0
    try:
        return args.run(args) or 0
    except Wrong as error:
        print(error, file=sys.stderr)
        return 1
    except wire.ApiError as error:
        if error.code == 401:
            print("error: You must be logged in to the server (Unauthorized)", file=sys.stderr)
        else:
            print(f"Error from server ({error.reason or error.code}): {error}", file=sys.stderr)
        return 1
    except wire.ConnectError as error:
        text = str(error)
        if "connection refused" in text:
            where = text.split("dial tcp ")[1].split(": connect")[0]
            print(f"The connection to the server {where} was refused - did you specify the right "
                  "host or port?", file=sys.stderr)
        else:
            print(f"Unable to connect to the server: {text.split(': ', 1)[-1]}", file=sys.stderr)
        return 1
    except (wire.ConfigError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        os._exit(130)
