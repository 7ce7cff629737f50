#!/usr/bin/env python3
"""Writes models of scikit-learn as skl2onnx exports them, with onnxruntime's answers.

  tools/golden/make_sklearn.py FOLDER

Needs scikit-learn, skl2onnx and onnxruntime, which nothing else here does. The folder has the form that
onnx-probe takes: Tests/Fixtures/onnx-sklearn is one, and tools/onnx-nodes runs it too.
"""
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingClassifier, GradientBoostingRegressor,
                              HistGradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest,
                              RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (Binarizer, KBinsDiscretizer, MaxAbsScaler, MinMaxScaler, Normalizer, OneHotEncoder,
                                   OrdinalEncoder, PolynomialFeatures, RobustScaler, StandardScaler)
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

ROOT = Path(__file__).resolve().parents[2]
loader = SourceFileLoader("onnx_nodes", str(ROOT / "tools/onnx-nodes"))
nodes = module_from_spec(spec_from_loader("onnx_nodes", loader))
loader.exec_module(nodes)

random = np.random.default_rng(7)
X = random.normal(size=(120, 5)).astype(np.float32)
X[:, 3] += 2 * X[:, 0]
BINARY = (X[:, 0] + X[:, 1] > 0).astype(np.int64)
THREE = (np.digitize(X[:, 0] - X[:, 2], [-0.7, 0.7])).astype(np.int64)
NAMES = np.array(["no", "perhaps", "yes"])[THREE]
TARGET = (X @ np.array([1, -2, 0.5, 0, 3], np.float32) + X[:, 0] ** 2).astype(np.float32)
HOLES = X.copy()
HOLES[::7, 2] = np.nan


def plain(trained, x=X, **options):
    return to_onnx(trained, initial_types=[("x", FloatTensorType([None, x.shape[1]]))], target_opset={"": 17, "ai.onnx.ml": 3},
                   options={id(trained): options} if options else None), {"x": x[:13]}


def classifiers():
    for name, y in (("binary", BINARY), ("three", THREE), ("names", NAMES)):
        for model in (LogisticRegression(max_iter=500), DecisionTreeClassifier(max_depth=4), SVC(probability=True),
                      RandomForestClassifier(5, max_depth=4), GradientBoostingClassifier(n_estimators=5),
                      HistGradientBoostingClassifier(max_iter=5), MLPClassifier((8,), max_iter=50), GaussianNB(),
                      ExtraTreesClassifier(5, max_depth=4), SGDClassifier(), LinearSVC(), SVC(kernel="poly"),
                      KNeighborsClassifier(3), NuSVC(probability=True, kernel="sigmoid", nu=0.1)):
            yield f"{type(model).__name__}_{getattr(model, 'kernel', '')}_{name}", lambda m=model, y=y: plain(
                m.fit(X, y), **({} if isinstance(m, LinearSVC) else {"zipmap": False}))
    yield "zipmap_names", lambda: plain(LogisticRegression().fit(X, NAMES))
    yield "zipmap_numbers", lambda: plain(LogisticRegression().fit(X, THREE))


def regressors():
    for model in (LinearRegression(), Ridge(), SVR(), SVR(kernel="linear"), DecisionTreeRegressor(max_depth=4),
                  RandomForestRegressor(5, max_depth=4), GradientBoostingRegressor(n_estimators=5),
                  HistGradientBoostingRegressor(max_iter=5), KMeans(3), PCA(2), OneClassSVM(), IsolationForest(n_estimators=5)):
        yield f"{type(model).__name__}_{getattr(model, 'kernel', '')}", lambda m=model: plain(m.fit(X, TARGET))


def transformers():
    for model in (StandardScaler(), MinMaxScaler(), MaxAbsScaler(), RobustScaler(), Normalizer("l1"), Normalizer("l2"),
                  Normalizer("max"), Binarizer(threshold=0.3), PolynomialFeatures(2), KBinsDiscretizer(3, encode="ordinal")):
        yield f"{type(model).__name__}_{getattr(model, 'norm', '')}", lambda m=model: plain(m.fit(X))
    yield "Imputer", lambda: plain(SimpleImputer().fit(HOLES), HOLES)


def pipelines():
    yield "Pipeline_imputed", lambda: plain(
        make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(HOLES, NAMES), HOLES)
    texts = np.array(["red", "green", "blue"])[random.integers(0, 3, size=(120, 1))]
    codes = random.integers(0, 4, size=(120, 1)).astype(np.int64)
    import pandas
    frame = pandas.DataFrame({"color": texts[:, 0], "code": codes[:, 0], "a": X[:, 0], "b": X[:, 1]})
    for name, encoder in (("onehot", OneHotEncoder(handle_unknown="ignore")), ("ordinal", OrdinalEncoder())):
        def build(encoder=encoder):
            columns = ColumnTransformer([("categories", encoder, ["color", "code"]), ("rest", StandardScaler(), ["a", "b"])])
            model = make_pipeline(columns, RandomForestClassifier(4, max_depth=3)).fit(frame, BINARY)
            types = [("color", StringTensorType([None, 1])), ("code", Int64TensorType([None, 1])),
                     ("a", FloatTensorType([None, 1])), ("b", FloatTensorType([None, 1]))]
            feeds = {"color": texts[:9].astype(object), "code": codes[:9], "a": X[:9, :1], "b": X[:9, 1:2]}
            return to_onnx(model, initial_types=types, target_opset={"": 17, "ai.onnx.ml": 3}), feeds
        yield f"Pipeline_{name}", build


def main() -> int:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for group in (classifiers, regressors, transformers, pipelines):
        for name, build in group():
            try:
                model, feeds = build()
            except Exception as error:
                print(f"{name}: {type(error).__name__} {str(error)[:200]}")
                continue
            session = onnxruntime.InferenceSession(model.SerializeToString())
            answers = session.run(None, feeds)
            inputs = [feeds[i.name] for i in model.graph.input]
            case = SimpleNamespace(model=model, data_sets=[(inputs, answers)])
            nodes.write(case, folder / name)
            lines.append(f"{name} 1e-4 1e-5")
    (folder / "cases").write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
