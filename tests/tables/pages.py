"""The page of the lab network, used as a reader does: clicks, and the texts that are shown."""

import base64
import json
import re
import zlib

import viz
from examples import lab_network

LAYERS = ["Affine₁", "ReLU", "Affine₂", "SquaredLoss"]


def rectangle(browser, selector):
    script = f"(() => {{const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
    return browser.run(script + "return [r.left, r.top, r.right, r.bottom]})()")


def click(browser, selector):
    """Click a layer near its corner, where nothing of its inside is, or anything else in its middle."""
    left, top, right, bottom = rectangle(browser, selector)
    inside = min(8, (bottom - top) / 2)
    corner = browser.run(f"document.querySelector({json.dumps(selector)}).classList.contains('layer')")
    browser.click(*((left + inside, top + inside) if corner else ((left + right) / 2, (top + bottom) / 2)))


def shown(browser, position):
    """The value and the gradient that a wire shows."""
    return browser.run(f"[...document.querySelectorAll('#stage g[data-id=v{position}] text')].map(t => t.textContent)")


def says(browser):
    return browser.run("[document.querySelector('#phase').value, document.querySelector('#says').textContent]")


def labels(browser, css):
    return browser.run(f"[...document.querySelectorAll('#stage g.{css} > text')].map(t => t.textContent)")


def lab(**options):
    return viz.draw(lab_network.build(), **options)


def data_of(page):
    packed = re.search(r'id="data" data-length="\d+">(.*?)</script>', page)[1]
    return json.loads(zlib.decompress(base64.b64decode(packed), wbits=-15))
