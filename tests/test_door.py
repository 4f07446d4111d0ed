"""What the door turns away, by raw HTTP on the app as it is served."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from urllib.parse import urlencode, urlsplit

import gradio as gr
import pytest
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from tests.support.browser import ROOT, free_port, served_process, wait_until_served
from tests.support.fuzz import Fuzzer
from visualizer.errors import UNEXPECTED
from visualizer.host_names import HostNames
from visualizer.page.door import MAX_BODY_BYTES, Door
from visualizer.page.gradio_queue import IDLE_SESSIONS, UNHEARD_SESSIONS

JOIN = "/gradio_api/queue/join"
SHORT = [16, 16, 2, None, None, None, 1, None, None, None]
"""The knobs of a run that is soon over."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The app, and the file that it logs to."""
    home = tmp_path_factory.mktemp("home")
    with served_process(home=home, log=home / "log", HF_ENDPOINT="http://127.0.0.1:9") as app:
        yield app, home / "log"


@pytest.fixture(scope="module")
def address(served):
    return served[0].address


def asked(address, path, body=None, method=None, headers=None):
    """The status and the words of one request."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        given = ({"Content-Type": "application/json"} if body is not None else {}) | (headers or {})
        connection.request(method or ("GET" if body is None else "POST"), path, data, given)
        answer = connection.getresponse()
        return answer.status, answer.read(2000).decode(errors="replace")
    finally:
        connection.close()


def a_call(address, **changes):
    """A call of the hidden field, as the page sends it."""
    config = json.loads(asked_whole(address, "/config"))
    function = next(one["id"] for one in config["dependencies"] if one["api_name"] == "denoise")
    data = ["Why is the sky blue?", *SHORT]
    return {"data": data, "fn_index": function, "session_hash": "abc123"} | changes


def asked_whole(address, path):
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    connection.request("GET", path)
    return connection.getresponse().read()


def works(address):
    """Whether an event that joins the queue comes to its end."""
    status, said = asked(address, "/gradio_api/call/denoise", {"data": ["Why?", *SHORT]})
    assert status == 200, said
    event = json.loads(said)["event_id"]
    return "event: complete" in asked_whole(address, f"/gradio_api/call/denoise/{event}").decode()


def test_what_the_page_itself_would_send_is_let_in(address):
    config = json.loads(asked_whole(address, "/config"))
    values = {component["id"]: component["props"].get("value") for component in config["components"]}
    functions = [function for function in config["dependencies"] if function["backend_fn"]]
    assert len(functions) > 10
    for function in functions:
        data = [values[place] for place in function["inputs"]]
        status, said = asked(address, JOIN, {"data": data, "fn_index": function["id"], "session_hash": "own"})
        assert status == 200, (function["targets"], said)


def test_a_call_with_an_empty_session_is_refused_and_the_queue_goes_on(address):
    said = []
    calls = [
        threading.Thread(target=lambda: said.append(asked(address, JOIN, a_call(address, session_hash=""))))
        for _ in range(8)
    ]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    assert said == [(400, "A session hash is 1 to 64 letters, digits, - and _.\n")] * 8
    assert works(address)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"session_hash": "x" * 65}, 400),
        ({"session_hash": "../x"}, 400),
        ({"session_hash": 5}, 400),
        ({"fn_index": 9_999}, 404),
        ({"fn_index": -1}, 404),
        ({"fn_index": "0"}, 404),
        ({"fn_index": True}, 404),
        ({"fn_index": None}, 404),
        ({"fn_index": 1}, 404),
        ({"data": []}, 422),
        ({"data": ["Why?", *SHORT, 1]}, 422),
        ({"batched": True}, 400),
    ],
)
def test_what_no_client_sends_is_refused_in_one_line(address, changes, status):
    answered, said = asked(address, JOIN, a_call(address, **changes))
    assert answered == status
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/gradio_api/proxy=http://127.0.0.1:1/", None),
        ("/gradio_api/custom_component/x/client/y/z", None),
        ("/gradio_api/component_server", {"data": [], "component_id": 1, "session_hash": "a", "fn_name": "x"}),
        ("/gradio_api/call/v2/denoise", {"prompt": "x"}),
        ("/gradio_api/stream/abc", {"data": []}),
        ("/gradio_api/vibe-edit/", {"prompt": "x"}),
        ("/monitoring", None),
        ("/pwa_icon/30000", None),
    ],
)
def test_ways_that_no_client_takes_lead_nowhere(address, path, body):
    assert asked(address, path, body) == (404, "There is nothing here.\n")


def test_a_call_by_name_is_checked_as_one_by_number(address):
    assert asked(address, "/gradio_api/call/nothing", {"data": []})[0] == 404
    status, said = asked(address, "/gradio_api/call/denoise", {"data": ["Why?"]})
    assert (status, said) == (422, "This function takes 11 values, and 1 were given.\n")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"null", b'{"data": NaN}', b'{"data": [1e999, Infinity]}',
                                  b'{"data": ["\\ud800"]}'])  # fmt: skip
def test_what_is_no_call_is_refused(address, body):
    assert asked(address, JOIN, body) == (400, "A call is a JSON object in UTF-8.\n")


def test_a_file_that_was_not_uploaded_is_not_opened(address):
    file = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    assert asked(address, "/gradio_api/call/_taken", {"data": [file]})[0] == 422


def test_another_page_than_the_one_is_not_there(address):
    assert asked(address, "/?page=other") == (404, "There is one page here.\n")
    assert asked(address, "/?page=")[0] == 200


def test_a_form_without_files_is_no_upload(address):
    form = b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert asked(address, "/gradio_api/upload", form, "POST", kind) == (400, "An upload is a form with files.\n")


def test_an_upload_that_is_not_opened_is_counted_until_it_goes(served):
    """Five of the largest files are refused, or the disk would be anybody's."""
    app, _ = served
    form = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.gz"\r\n\r\n%b\r\n--x--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    said = [asked(app.address, "/gradio_api/upload", form % os.urandom(15 * 2**20), "POST", kind) for _ in range(6)]
    assert [status for status, _ in said] == [200] * 5 + [429]
    assert said[-1][1] == "Too many files wait here to be opened; try again in a minute.\n"


def test_a_body_nested_without_end_is_refused(address):
    assert asked(address, JOIN, b'{"data":' + b"[" * 100_000) == (400, "That is nested too deeply.\n")


def test_what_fails_behind_the_door_is_one_sentence_and_the_log_has_the_rest(caplog):
    async def broken(scope, receive, send):
        raise RuntimeError("/secret/path")

    said = TestClient(Door(broken, gr.Blocks(), HostNames.of("testserver"), 1)).get("/")
    assert (said.status_code, said.text) == (500, f"{UNEXPECTED}\n")
    assert "/secret/path" in caplog.text


def test_a_session_in_the_address_is_checked_too(address):
    assert asked(address, "/gradio_api/queue/data?session_hash=")[0] == 400
    assert asked(address, "/gradio_api/queue/data?session_hash=nobody") == (
        404, "There is nothing under way for this session.\n",
    )  # fmt: skip
    assert asked(address, f"/gradio_api/heartbeat/{'y' * 65}")[0] == 400


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(address):
    size = {"Content-Length": str(MAX_BODY_BYTES + 1), "Content-Type": "application/json"}
    assert asked(address, JOIN, b"{}", headers=size) == (413, "That is more than the 2 MB that are taken here.\n")


def test_a_body_that_does_not_say_how_large_it_is_ends_at_the_bound(address):
    pieces = (b" " * 65536 for _ in range(MAX_BODY_BYTES // 65536 + 2))
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    try:
        connection.request("POST", JOIN, pieces, {"Content-Type": "application/json"}, encode_chunked=True)
        status = connection.getresponse().status
    except (BrokenPipeError, ConnectionResetError):  # it answered and hung up while we were writing
        status = 413
    finally:
        connection.close()
    assert status == 413
    assert works(address)


def test_a_name_from_elsewhere_is_refused(address):
    status, said = asked(address, "/", headers={"Host": "evil.example"})
    assert (status, said) == (400, "This page is not served under that name; call it by its address.\n")


def test_a_page_for_this_machine_is_called_by_its_own_names_only():
    names = HostNames.of("127.0.0.1")
    assert all(map(names.include, ["127.0.0.1:7860", "localhost", "LOCALHOST:1", "[::1]:7860"]))
    assert not any(map(names.include, ["", "192.168.1.5:7860", "evil.example", "[::1", "localhost.evil.example"]))


def test_a_page_for_others_is_called_by_addresses_and_by_names_of_this_machine():
    names = HostNames.of("0.0.0.0")
    assert all(map(names.include, ["192.168.1.5:7860", "[fe80::1]:7860", "localhost:7860"]))
    assert not any(map(names.include, ["evil.example:7860", "", "192.168.1.5.evil.example"]))
    assert HostNames.of("box.lan").include("Box.lan:80")


def test_a_queue_that_has_stopped_is_started_again_and_the_log_says_so(caplog):
    def work() -> str:
        return "done"

    with gr.Blocks(analytics_enabled=False) as page:
        gr.api(work)
    door = Middleware(Door, page=page, names=HostNames.of("127.0.0.1"), max_file_bytes=1)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, server_name="127.0.0.1",
                                app_kwargs={"middleware": [door]})  # fmt: skip
    try:
        page._queue.stopped = True  # as its loop leaves it when an error ends it
        status, said = asked(address, "/gradio_api/call/work", {"data": []})
        assert status == 200
        event = json.loads(said)["event_id"]
        assert "done" in asked_whole(address, f"/gradio_api/call/work/{event}").decode()
        assert "is started again" in caplog.text
    finally:
        page.close(verbose=False)


def test_whatever_is_sent_is_answered_in_the_apps_own_words_and_the_app_goes_on(served):
    """In short; `python -m bench.fuzz` sends ten thousand."""
    app, log = served
    found = Fuzzer(app.address, seed=1).run(150)
    assert found.faults == []
    assert {200, 400, 404, 422} <= found.statuses.keys()
    lines = [line for line in log.read_text().splitlines() if " visualizer.run.runs: Run " not in line]
    assert len(lines) < 150
    assert sum("Invalid HTTP request" in line for line in lines) <= 2


def test_nobody_is_let_in_from_elsewhere_without_a_password_or_a_word():
    said = subprocess.run([sys.executable, "app.py", "--host", "0.0.0.0"], cwd=ROOT, capture_output=True, text=True)
    assert said.returncode == 2
    assert said.stderr == (
        "Others can reach a page at 0.0.0.0: give it a password (--password or DENOISE_VIEWER_PASSWORD), or --open to "
        "mean it without one.\n"
    )


def test_a_page_with_a_password_shows_and_does_nothing_without_it(tmp_path):
    port = free_port()
    flags = [sys.executable, "app.py", "--host", "127.0.0.2", "--port", str(port)]
    environment = os.environ | {"HOME": str(tmp_path), "DENOISE_VIEWER_PASSWORD": "open sesame"}
    process = subprocess.Popen(flags, cwd=ROOT, env=environment)
    address = f"http://127.0.0.2:{port}"
    try:
        wait_until_served(address, process)
        assert "Why is the sky" not in asked(address, "/")[1]
        for path, body in [
            (JOIN, {"data": ["x"], "fn_index": 0, "session_hash": "abc"}),
            ("/gradio_api/call/denoise", {"data": ["Why?", *SHORT]}),
            ("/gradio_api/upload", b""),
            ("/config", None),
        ]:
            assert asked(address, path, body)[0] == 401, path
        assert sign_in(address, "close sesame")[0] == 400
        status, cookie = sign_in(address, "open sesame")
        assert status == 200
        assert asked(address, "/config", headers={"Cookie": cookie})[0] == 200
    finally:
        process.terminate()
        process.wait(timeout=60)


def sign_in(address, password):
    """The status, and the cookie that was given."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    form = urlencode({"username": "anybody", "password": password})
    connection.request("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    cookies = [cookie.split(";")[0] for cookie in answer.headers.get_all("Set-Cookie", [])]
    return answer.status, "; ".join(cookies)


def test_what_nobody_listens_to_is_forgotten_and_the_newest_can_still_be_heard():
    def tell() -> str:
        return "x" * 100_000

    with gr.Blocks(analytics_enabled=False) as page:
        gr.api(tell)
    door = Middleware(Door, page=page, names=HostNames.of("127.0.0.1"), max_file_bytes=1)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, server_name="127.0.0.1",
                                app_kwargs={"middleware": [door]})  # fmt: skip
    try:
        calls = [asked(address, "/gradio_api/call/tell", {"data": []}) for _ in range(UNHEARD_SESSIONS + 10)]
        events = [json.loads(said)["event_id"] for _, said in calls]
        assert "xxx" in asked_whole(address, f"/gradio_api/call/tell/{events[-1]}").decode()
        assert asked(address, f"/gradio_api/call/tell/{events[0]}")[0] == 404
        assert len(page._queue.pending_messages_per_session) <= UNHEARD_SESSIONS + 1
    finally:
        page.close(verbose=False)


def test_the_components_of_sessions_that_are_over_are_forgotten():
    """Each session's take 100 kB and more, and Gradio keeps ten thousand."""

    def tell() -> str:
        return "done"

    with gr.Blocks(analytics_enabled=False) as page:
        gr.api(tell)
    door = Middleware(Door, page=page, names=HostNames.of("127.0.0.1"), max_file_bytes=1)
    _, address, _ = page.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, server_name="127.0.0.1",
                                app_kwargs={"middleware": [door]})  # fmt: skip
    try:
        for _ in range(IDLE_SESSIONS + 10):
            event = json.loads(asked(address, "/gradio_api/call/tell", {"data": []})[1])["event_id"]
            assert "done" in asked_whole(address, f"/gradio_api/call/tell/{event}").decode()
        assert len(page.state_holder.session_data) <= IDLE_SESSIONS + 1
    finally:
        page.close(verbose=False)
