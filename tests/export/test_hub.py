import pytest
from huggingface_hub.errors import HfHubHTTPError

from kerasbert import ArtifactError, ConfigError, TextClassifier, cli, load
from kerasbert.export import comparison

SECRET = "hf_secret_of_somebody"


class Info:
    def __init__(self, **values):
        vars(self).update(values)


@pytest.fixture
def hub(monkeypatch):
    """Stands for the hub: the calls, and the files that were uploaded."""
    monkeypatch.setattr(comparison, "TIMED_CALLS", 3)
    seen = Info(calls=[], files={}, private=True, error=None)

    class Api:
        endpoint = "https://hub.invalid"

        def __init__(self, token=None):
            seen.calls.append(("token", token))

        def create_repo(self, repo_id, *, private, exist_ok):
            if seen.error is not None:
                raise seen.error
            seen.calls.append(("create", repo_id, private, exist_ok))
            return Info(repo_id=repo_id if "/" in repo_id else f"me/{repo_id}")

        def upload_folder(self, *, repo_id, folder_path, commit_message):
            from pathlib import Path

            seen.calls.append(("upload", repo_id, commit_message))
            seen.files = {file.name: file.read_bytes() for file in Path(folder_path).iterdir()}
            return Info(oid="abc123")

        def repo_info(self, repo_id):
            return Info(private=seen.private)

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    return seen


def test_a_classifier_is_pushed_with_its_card(hub, saved_classifier):
    pushed = load(saved_classifier("multiclass")).push_to_hub("intents", token=SECRET)
    assert pushed == ("https://hub.invalid/me/intents", True, "abc123")
    assert hub.calls == [
        ("token", SECRET),
        ("create", "intents", True, True),
        ("upload", "me/intents", "Upload a text classifier"),
    ]
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= set(hub.files)
    assert b"pipeline_tag: text-classification" in hub.files["README.md"]
    assert not any(SECRET.encode() in content for content in hub.files.values())


def test_a_refusal_is_told_without_the_token(hub, saved_classifier):
    hub.error = HfHubHTTPError(f"401 for {SECRET}", response=Info(headers={}, request=None, status_code=401))
    with pytest.raises(ArtifactError, match=r"'me/intents' could not be pushed .*set HF_TOKEN") as caught:
        load(saved_classifier("multiclass")).push_to_hub("me/intents", token=SECRET)
    assert SECRET not in str(caught.value) and caught.value.__suppress_context__


def test_what_names_no_repository_is_refused_before_any_work(hub):
    with pytest.raises(ConfigError, match="`repo_id` must be 'NAME' or 'OWNER/NAME', .* got 'a/b/c'"):
        TextClassifier("binary").push_to_hub("a/b/c")
    assert hub.calls == []


def test_the_command_tells_who_may_see_it(hub, saved_classifier, tmp_path, capsys):
    command = [
        "export",
        str(saved_classifier("multiclass")),
        "--format",
        "huggingface",
        "--output",
        str(tmp_path / "hf"),
    ]
    assert cli.main([*command, "--push-to-hub", "me/intents"]) == 0
    assert "pushed to https://hub.invalid/me/intents, which is private; make it public" in capsys.readouterr().err
    hub.private = False
    assert cli.main([*command, "--push-to-hub", "me/intents", "--public", "--overwrite"]) == 0
    assert "which is public" in capsys.readouterr().err and ("create", "me/intents", False, True) in hub.calls
    assert cli.main([*command, "--public"]) == 2
    assert "--public goes with --push-to-hub" in capsys.readouterr().err
    assert cli.main([*command[:2], "--format", "onnx", "--push-to-hub", "me/intents"]) == 2
    assert "--push-to-hub goes with --format huggingface" in capsys.readouterr().err
