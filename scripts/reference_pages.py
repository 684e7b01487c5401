"""Hook of mkdocs: a reference page for each namespace of the package, from its docstrings, and one for the command."""

import inspect
import re
from pathlib import Path

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.cli import get_docs_for_click

import kerasbert
from kerasbert.cli.main import app

ROOT = Path(__file__).parent.parent
OPENING = re.compile(r"^`[\w.]+`: ")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the generated pages to the shelf of the reference."""
    shelf = next(entry["Reference"] for entry in config.nav if "Reference" in entry)
    shelf += [{title: f"reference/{name}.md"} for title, name in _titles().items()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for name in _titles().values():
        content = _command_page() if name == "command" else _namespace_page(name)
        files.append(File.generated(config, f"reference/{name}.md", content=content))
    return files


def _titles() -> dict[str, str]:
    namespaces = sorted(name for name, value in vars(kerasbert).items() if _is_namespace(name, value))
    return {"kb": "kerasbert", **{f"kb.{name}": name for name in namespaces}, "The command": "command"}


def _is_namespace(name: str, value: object) -> bool:
    return inspect.ismodule(value) and f"kb.{name}" in (kerasbert.__doc__ or "")


def _namespace_page(name: str) -> str:
    module = kerasbert if name == "kerasbert" else getattr(kerasbert, name)
    prefix = "kb" if module is kerasbert else f"kb.{name}"
    about = inspect.cleandoc(module.__doc__ or "") if module is not kerasbert else "The names at the top."
    about = OPENING.sub("", about)
    entries = [f"# `{prefix}`", about[:1].upper() + about[1:]]
    for public in sorted(dir(module), key=str.lower):
        value = getattr(module, public)
        if public[0] != "_" and callable(value) and getattr(value, "__module__", "").startswith("kerasbert."):
            path = f"{value.__module__}.{value.__qualname__}"
            entries.append(f'::: {path}\n    options:\n      heading: "{prefix}.{public}"\n      toc_label: "{public}"')
    return "\n\n".join(entries) + "\n"


def _command_page() -> str:
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="kerasbert")
    return str(get_docs_for_click(obj=command, ctx=context, name="kerasbert", title="The command"))
