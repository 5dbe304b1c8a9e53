"""First questions of three strangers, each answered within two clicks from the front page of the documentation."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FRONT = PROJECT / "docs" / "index.md"
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+\.md)(?:#[^)\s]*)?\)")

# Who asks, what is asked, and words of the answer.
QUESTIONS = [
    ("micrograd", "What is Value here?", "from autograd import Variable as Value"),
    ("micrograd", "Where is draw_dot?", "from viz import draw_dot"),
    ("micrograd", "Where is MLP, and what trains it?", "model.fit("),
    ("micrograd", "What does _backward do, by hand?", "pass_gradient"),
    ("micrograd", "Why do gradients add up, how are they cleared?", "zero_grad([a, b])"),
    ("micrograd", "How fast is it beside mine?", "times on the network of its demo"),
    ("micrograd", "How do I write an operation of my own?", "Primitive("),
    ("micrograd", "What becomes of its lecture, step by step?", "# micrograd's lecture, by its names"),
    ("micrograd", "How is a picture saved?", '.save("'),
    ("micrograd", "Does a deep graph end in a RecursionError?", "without recursion"),
    ("JAX", "What of jit may decide on values?", "## Decisions: guards and paths"),
    ("JAX", "What stands for custom_jvp?", "@jax.custom_jvp"),
    ("JAX", "What stands for pytrees?", "register_container"),
    ("JAX", "Where do random numbers come from?", "np.random.default_rng(0)"),
    ("JAX", "Is it faster than jit there?", "JAX jit"),
    ("JAX", "Does it run on a GPU?", "no GPU"),
    ("JAX", "What stands for lax.scan?", "`jax.lax.scan(step, carry, xs)`"),
    ("JAX", "How are rows added up inside of vmap?", 'reduce="sum"'),
    ("JAX", "When is a function recorded again?", "## Arguments: numbers and static values"),
    ("JAX", "How is a derivative checked?", "gradcheck(f, [v], order=2)"),
    ("micrograd", "Where is its demo?", "A hundred points in two half circles"),
    ("JAX", "Where are optax's optimisers?", "* **Optimisers** keep their state"),
    ("JAX", "What stands for pmap, on many machines?", "`jax.pmap(f)(rows)`"),
    ("JAX", "Can JAX call a function from here?", "exported = to_jax(loss, x, x)"),
    ("JAX", "What stands for jax.checkpoint?", "keeps every √n-th turn's alone"),
    ("none", "May I use it, and whom do I cite?", "# Licence and citation"),
    ("none", "Does it work with NumPy?", "# NumPy and its arrays"),
    ("none", "Is it for me?", "## When not to use it"),
    ("none", "Can I try it without installing?", "Open the playground"),
    ("none", "How is one worked out on paper?", "# Backprop by hand"),
    ("none", "Why does nothing happen when I train?", "# Why is my gradient 0?"),
    ("none", "What words must I know?", "are the *local gradients*"),
    ("none", "What is it, at all?", "# What a node is"),
    ("none", "How is it installed?", "pip install"),
    ("none", "What is the slope of my function?", "from autograd import grad"),
    ("none", "How do I fit a network to data?", "Sequential("),
    ("none", "What does this message mean?", "# Error messages, A to Z"),
]  # fmt: skip


def clicks():
    """Each page that can be reached from the front page in two clicks."""
    reached = {FRONT: 0}
    for click in (1, 2):
        for page in [page for page, at in reached.items() if at == click - 1]:
            for target in LINK.findall(page.read_text(encoding="utf-8")):
                reached.setdefault(Path(os.path.normpath(page.parent / target)), click)
    return reached


@pytest.mark.parametrize(("who", "question", "answer"), QUESTIONS, ids=[question for _, question, _ in QUESTIONS])
def test_a_first_question_is_answered_within_two_clicks(who, question, answer):
    places = {page: at for page, at in clicks().items() if page.exists()}
    # The pages for other strangers are no places to look at.
    others = {"micrograd", "pytorch", "jax", "hips-autograd", "casadi", "keras"} - {who.lower()}
    found = [page for page in places if page.stem not in others and answer in page.read_text(encoding="utf-8")]
    assert found, f"nobody who knows {who} is told: {question}"


def test_the_front_page_links_to_pages_that_are_there():
    assert all([page.exists() for page, click in clicks().items() if click == 1])
