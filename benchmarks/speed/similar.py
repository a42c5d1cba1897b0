"""Exact cosine search as a matrix product and a partial sort, beside faiss and hnswlib.

Made features (families of classes, as a network's last layer leaves them), one query at a time and in bulk. For each
way: seconds to build, milliseconds a query (median, 95th of 100), queries a second in bulk, and recall of the ten
nearest against the exact answer in float64. faiss and hnswlib are no dependencies: those that are not installed are
left out (pip install faiss-cpu hnswlib, into an environment of their own).

    python -m benchmarks.speed.similar --rows 106166 --features 256 --threads 2
"""

import argparse
import importlib.util
import platform
import time

import numpy as np

from fashion_core.embeddings import neighbours

K = 10


def made_units(rows: int, features: int, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    centres = generator.gamma(0.6, 1.0, (15, features))
    noisy = centres[np.arange(rows) % 15] + generator.normal(0, 0.6, (rows, features))
    return neighbours.units(np.maximum(noisy, 0).astype(np.float32))


def timed(ask, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Milliseconds of each query and the rows that it found."""
    found, took = [], []
    for query in queries:
        began = time.perf_counter()
        found.append(ask(query))
        took.append(1000 * (time.perf_counter() - began))
    return np.array(took), np.array(found)


def report(name: str, build: float, ask, ask_all, queries: np.ndarray, exact: np.ndarray) -> None:
    for query in queries[:5]:
        ask(query)  # warm
    took, found = timed(ask, queries)
    began = time.perf_counter()
    ask_all(queries)
    bulk = len(queries) / (time.perf_counter() - began)
    recall = np.mean([len(set(a) & set(b)) / K for a, b in zip(found, exact, strict=True)])
    print(
        f"{name:<28} build {build:7.2f} s   one query {np.median(took):7.2f} ms (p95 {np.quantile(took, 0.95):7.2f})   "
        f"bulk {bulk:7.0f} /s   recall@{K} {recall:.3f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=106_166)
    parser.add_argument("--features", type=int, default=256)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    units_ND = made_units(options.rows, options.features)
    generator = np.random.default_rng(1)
    queries_QD = units_ND[generator.choice(options.rows, options.queries, replace=False)]
    wide = units_ND.astype(np.float64)
    exact = np.array([np.argsort(-(wide @ query.astype(np.float64)), kind="stable")[:K] for query in queries_QD])
    del wide

    print(f"{options.rows:,} x {options.features}, {options.threads} threads, {platform.machine()}")
    report(
        "matrix product, exact", 0.0,
        lambda query: neighbours.most_alike(units_ND, query, K)[0],
        lambda queries: neighbours.neighbours_of(queries, units_ND, K),
        queries_QD, exact,
    )  # fmt: skip
    if importlib.util.find_spec("faiss"):
        import faiss

        faiss.omp_set_num_threads(options.threads)
        for name, make in (
            ("faiss flat, exact", lambda: faiss.IndexFlatIP(options.features)),
            ("faiss HNSW 32", lambda: faiss.IndexHNSWFlat(options.features, 32, faiss.METRIC_INNER_PRODUCT)),
        ):
            began = time.perf_counter()
            index = make()
            index.add(units_ND)
            report(
                name, time.perf_counter() - began,
                lambda query, index=index: index.search(query[None], K)[1][0],
                lambda queries, index=index: index.search(queries, K),
                queries_QD, exact,
            )  # fmt: skip
    else:
        print("faiss is not installed; left out")
    if importlib.util.find_spec("hnswlib"):
        import hnswlib

        began = time.perf_counter()
        index = hnswlib.Index(space="ip", dim=options.features)
        index.init_index(max_elements=options.rows, ef_construction=200, M=16)
        index.set_num_threads(options.threads)
        index.add_items(units_ND)
        index.set_ef(100)
        report(
            "hnswlib M 16, ef 100", time.perf_counter() - began,
            lambda query: index.knn_query(query[None], K)[0][0],
            lambda queries: index.knn_query(queries, K),
            queries_QD, exact,
        )  # fmt: skip
    else:
        print("hnswlib is not installed; left out")


if __name__ == "__main__":
    main()
