"""The rare class: what its example prints holds."""

import numpy as np

from examples import rare_class


def test_weights_find_the_ring_and_a_break_changes_nothing(capsys):
    rare_class.main()
    plain, weighted, resumed, from_file = capsys.readouterr().out.splitlines()
    assert plain.startswith("all samples alike : ")
    assert weighted.startswith("both classes alike: ")
    assert "100% of the ring found" in weighted
    assert resumed == "resumed after epoch 25: the same losses to the last bit"
    assert from_file == "from the file alone: ['ring', 'cloud']"


def test_recall_counts_the_ring_alone():
    names = np.array(["ring", "ring", "cloud"])
    assert rare_class.found(names, np.array(["ring", "cloud", "ring"])) == 0.5
