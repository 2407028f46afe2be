from bench.report.looks import looks_of


def test_six_classifiers_at_most_have_a_colour_of_their_own(make_data):
    entries = [
        {"id": f"K{n}", "use": "KNN", "params": {"n_neighbors": n}}
        for n in range(1, 10)
    ]
    data = make_data(
        lambda dataset, name: 0.8, classifiers=["SD", *entries], repetitions=1
    )
    looks = looks_of(data)
    assert {facts.id for facts in data.classifiers} <= set(looks)
    assert len(data.highlighted) == 6
    colours = [looks[name].colour for name in data.highlighted]
    others = {looks[c.id].colour for c in data.classifiers} - set(colours)
    assert len(set(colours)) == 6
    assert len(others) == 1  # one grey
