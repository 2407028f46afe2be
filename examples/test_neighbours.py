from sklearn.neighbors import KNeighborsClassifier


def test_neighbours_tell_symbolic_curves_from_neural_ones(bench_check):
    neighbours = KNeighborsClassifier(n_neighbors=3)
    bench_check(neighbours, ("quick", "uniform-100"), at_least=0.7)
