"""Estimators: scikit-learn's own checks, pipelines and searches; without scikit-learn a message."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from layers import SGD, Adam, DataError, DescriptionError, Dropout, InputError
from tests import PROJECT


def test_without_scikit_learn_a_message_says_how_to_install_it():
    program = "import sys; sys.modules['sklearn'] = None; import layers; import layers.estimators"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=PROJECT)
    assert "ImportError: the estimators are for scikit-learn, which is not installed; pip install" in run.stderr


sklearn = pytest.importorskip("sklearn")
estimators = pytest.importorskip("layers.estimators")
checks = pytest.importorskip("sklearn.utils.estimator_checks")

generator = np.random.default_rng(6)
X = generator.normal(size=(90, 3))
NAMES = np.array(["low", "middle", "high"])[np.digitize(X[:, 0] + 0.3 * X[:, 1], [-0.5, 0.5])]


@pytest.mark.parametrize(
    "estimator",
    [
        estimators.NetworkClassifier(max_iter=60),
        estimators.NetworkRegressor(optimizer="lbfgs", max_iter=100),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore")
def test_the_checks_of_scikit_learn_pass(estimator):
    found = checks.check_estimator(estimator, on_skip=None, on_fail=None)
    assert [(one["check_name"], one["exception"]) for one in found if one["status"] == "failed"] == []
    assert len([one for one in found if one["status"] == "passed"]) > 50


def test_classes_with_names_in_a_pipeline_and_a_search():
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    network = estimators.NetworkClassifier(max_iter=30, learning_rate=0.05, random_state=0)
    pipeline = make_pipeline(StandardScaler(), network)
    assert cross_val_score(pipeline, X, NAMES, cv=3).mean() > 0.8
    search = GridSearchCV(network, {"hidden_layer_sizes": [(4,), (8, 4)], "activation": ["tanh", "relu"]}, cv=2)
    found = search.fit(X, NAMES).best_estimator_
    assert found.classes_.tolist() == ["high", "low", "middle"]
    shares = found.predict_proba(X)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-12)
    assert (found.classes_[shares.argmax(axis=1)] == found.predict(X)).all()
    assert (found.decision_function(X).argmax(axis=1) == shares.argmax(axis=1)).all()


@pytest.mark.parametrize(
    ("option", "here"), [("alpha", "weight_decay"), ("solver", "optimizer"), ("learning_rate_init", "learning_rate")]
)
def test_options_of_scikit_learn_are_told_the_word_here(option, here):
    with pytest.raises(InputError, match=f"NetworkClassifier has no option '{option}'; here it is {here}"):
        estimators.NetworkClassifier(**{option: 1})


def test_partial_fit_goes_on_by_an_epoch_also_from_a_pickle():
    network = estimators.NetworkClassifier(learning_rate=0.05, random_state=0)
    with pytest.raises(DataError, match=r"the first partial_fit is given all classes that will come"):
        network.partial_fit(X, NAMES)
    for _ in range(20):
        network.partial_fit(X[:60], NAMES[:60], classes=["low", "middle", "high"])
    again = pickle.loads(pickle.dumps(network))
    assert network.partial_fit(X, NAMES).loss_ == again.partial_fit(X, NAMES).loss_
    assert [epoch.number for epoch in network.history_.epochs] == list(range(1, 22))
    assert (network.n_iter_, network.score(X, NAMES) > 0.8) == (21, True)
    for labels, classes in ((["new", "low"], None), (["low", "high"], ["low", "high"])):
        with pytest.raises(DataError, match=r"the classes are \['high', 'low', 'middle'\] since the first partial_fit"):
            network.partial_fit(X[:2], labels, classes)
    assert network.fit(X, NAMES).n_iter_ == 200
    regressor = estimators.NetworkRegressor(learning_rate=0.05, random_state=0)
    losses = [regressor.partial_fit(X, X[:, 0]).loss_ for _ in range(5)]
    assert losses[-1] < 0.2 * losses[0]
    assert regressor.n_iter_ == 5


def test_two_classes_have_one_score():
    y = X[:, 0] > 0
    found = estimators.NetworkClassifier(max_iter=30, learning_rate=0.05, random_state=0).fit(X, y)
    scores = found.decision_function(X)
    assert scores.shape == (90,)
    np.testing.assert_allclose(found.predict_proba(X)[:, 1], 1 / (1 + np.exp(-scores)), rtol=1e-12)
    assert found.predict(X).dtype == bool


def test_rare_classes_weigh_what_is_asked():
    y = (np.arange(90) % 30 == 0).astype(int)
    plain, balanced, by_hand = [
        estimators.NetworkClassifier(
            (), max_iter=50, learning_rate=0.1, class_weight=weight, random_state=0, batch_size=None
        ).fit(X, y)
        for weight in (None, "balanced", {0: 90 / (2 * 87), 1: 90 / (2 * 3)})
    ]
    assert plain.predict(X).sum() == 0
    assert balanced.predict(X).sum() > 10
    assert np.array_equal(balanced.predict_proba(X), by_hand.predict_proba(X))
    weighted = estimators.NetworkClassifier((), max_iter=50, learning_rate=0.1, random_state=0, batch_size=None)
    weighted.fit(X, y, sample_weight=np.where(y == 1, 15.0, 90 / 174))
    assert np.array_equal(balanced.predict_proba(X), weighted.predict_proba(X))


def test_options_reach_the_network():
    optimizer = SGD(lr=0.1, momentum=0.5)
    found = estimators.NetworkRegressor((4, 3), "tanh", optimizer=optimizer, dropout=0.1, max_iter=20, loss="mae")
    found.set_params(early_stopping=True, n_iter_no_change=3, random_state=1).fit(X, X[:, :2])
    assert [type(layer).__name__ for layer in found.model_.layers] == ["Dense", "Dropout"] * 2 + ["Dense"]
    assert isinstance(found.model_[1], Dropout)
    assert (optimizer.state()[0], found.optimizer is optimizer) == (0, True)
    assert len(found.history_.validation_loss) == found.n_iter_ == len(found.loss_curve_)
    assert found.predict(X).shape == (90, 2)
    rates = estimators.NetworkRegressor(optimizer="adamw", learning_rate={"type": "cosine", "start": 0.05}, max_iter=3)
    assert rates.fit(X, X[:, 0]).history_.epochs[-1].learning_rate < 0.05
    with pytest.raises(DescriptionError, match="no optimizer is called 'adamm'"):
        estimators.NetworkRegressor(optimizer="adamm").fit(X, X[:, 0])


def test_the_same_random_state_makes_the_same_network():
    first, again, other = [
        estimators.NetworkRegressor(optimizer=Adam(lr=0.01), max_iter=3, random_state=state).fit(X, X[:, 0]).predict(X)
        for state in (0, 0, 1)
    ]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
