"""What the player's scripts share with Python is what their types say, and each script takes it from there."""

import json
import re

from visualizer.bundled import ASSETS_FOLDER
from visualizer.picture import ENDINGS, MAX_NOISE_COLUMNS, NOISE_SIGN, RETURN_SIGN, STEP_MS
from visualizer.player.bundle import player_bundle
from visualizer.player.spelling import ALPHABET
from visualizer.player.step_writer import CellCode

SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (ASSETS_FOLDER / "player").glob("*.js")}


def shared():
    declared = re.search(r"^const SHARED = (\{.*\});$", player_bundle()[0], re.MULTILINE)
    return json.loads(declared[1])


def test_the_player_gets_what_films_and_messages_are_made_by():
    sent = shared()
    assert (sent["stepMs"], sent["maxNoiseCells"], sent["endings"]) == (STEP_MS, MAX_NOISE_COLUMNS, ENDINGS)
    assert (sent["alphabet"], sent["codes"]) == (ALPHABET, {code.name: int(code) for code in CellCode})


def test_the_types_name_what_is_sent_and_the_scripts_use_all_of_it():
    types = (ASSETS_FOLDER / "player" / "types.d.ts").read_text(encoding="utf-8")
    declared = re.search(r"declare const SHARED: \{(.*?)\n\};", types, re.DOTALL)
    assert set(re.findall(r"^  (\w+):", declared[1], re.MULTILINE)) == shared().keys()
    assert set(re.findall(r"SHARED\.(\w+)", "".join(SCRIPTS.values()))) == shared().keys()


def test_no_script_states_a_shared_fact_itself():
    facts = (ALPHABET, NOISE_SIGN, RETURN_SIGN, ENDINGS["length"])
    assert [(name, fact) for name, script in SCRIPTS.items() for fact in facts if fact in script] == []


def test_the_notes_for_readers_and_indents_are_left_out_of_the_bundle_and_nothing_else():
    script = player_bundle()[0]
    assert "@param" not in script
    lines = [line.lstrip() for line in SCRIPTS["dom.js"].splitlines()]
    code = [line for line in lines if not line.startswith(("/**", "*"))]
    assert "\n".join(code) in script
    assert "/*" not in player_bundle()[1]


def test_a_stylesheet_travels_without_the_spaces_beside_its_marks_and_strings_stay_whole():
    css = player_bundle(with_hand=True)[1]
    assert ".dp{position:relative;" in css
    strings = [
        re.findall(r'content: ("[^"\n]+")', path.read_text()) for path in (ASSETS_FOLDER / "player").glob("*.css")
    ]
    assert any(", " in text for found in strings for text in found)
    assert [text for found in strings for text in found if text not in css] == []


def test_remarks_at_the_ends_of_lines_are_left_out_where_they_can_be_nothing_else():
    script = player_bundle()[0]
    [line] = [line for line in SCRIPTS["pane.js"].splitlines() if "const GOAL_SHARE" in line]
    code, remark = line.split(" // ")
    assert code.strip() + "\n" in script
    assert remark not in script
    kept = [line.split(" // ")[1] for line in script.splitlines() if " // " in line]
    assert all(any(quote in remark for quote in "\"'`") for remark in kept)


def test_only_a_page_that_asks_for_something_carries_the_hand():
    for carries in (False, True):
        script, css = player_bundle(with_hand=carries)
        assert ("const hands =" in script, ".dp-hand " in css) == (carries, carries)
