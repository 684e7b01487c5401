import math
import re

from kerasbert.evaluation.probe_page import HeatTable, probe_page


def page(values, best=(1, 0)):
    return probe_page(
        "<b>", "lead", ["first & best"], [HeatTable("Labels", "Highest.", ["0", "1"], ["cls", "<i>"], values, best)]
    )


def test_the_highest_value_has_the_strongest_colour_and_the_best_a_frame():
    text = page([[0.1, 0.2], [0.5, math.nan]])
    assert re.findall(r"rgba\(0, 114, 178, ([0-9.]+)\)", text) == ["0.70", "0.00", "0.17"]
    assert re.findall(r'<td class="best"[^>]*>([0-9.]+)<', text) == ["0.500"] and text.count("<td>–</td>") == 1


def test_everything_is_escaped():
    text = page([[0.1, 0.1], [0.1, 0.1]])
    assert "&lt;b&gt;" in text and "&lt;i&gt;" in text and "first &amp; best" in text and "<i>" not in text


def test_a_quantity_without_a_value_is_all_dashes():
    assert page([[math.nan] * 2] * 2).count("<td>–</td>") == 4
