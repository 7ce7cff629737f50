"""Trains a scikit-learn pipeline that tells three wines apart, and exports it with skl2onnx.

    python train.py --out tools/models/wine/1

The data is scikit-learn's copy of UCI's wines. Each feature is an input of its own, with its name.
"""

import argparse
import pathlib

import numpy as np
import onnx
import onnxruntime
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# Cultivars of the same region, in the order of the data's classes.
NAMES = np.array(["barolo", "grignolino", "barbera"])
RENAMED = {"od280/od315_of_diluted_wines": "od280_od315"}
SEED = 1
STRENGTHS = [1, 0.1, 10, 0.01]  # of equals the first


def pipeline(columns, strength):
    scaled = ColumnTransformer([("scaled", StandardScaler(), columns)])
    return make_pipeline(scaled, LogisticRegression(C=strength, max_iter=1000))


def main():
    root = pathlib.Path(__file__).resolve().parents[3]
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--out", type=pathlib.Path, default=root / "tools/models/wine/1")
    given = options.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    wines = load_wine(as_frame=True)
    table = wines.data.rename(columns=RENAMED).astype(np.float32)
    columns = list(table.columns)
    x, test_x, y, test_y = train_test_split(
        table, NAMES[wines.target], test_size=0.3, stratify=wines.target, random_state=SEED)
    tried = {c: cross_val_score(pipeline(columns, c), x, y, cv=5).mean() for c in STRENGTHS}
    for strength, accuracy in tried.items():
        print(f"C {strength:<5}  cross-validated {accuracy:.4f}")
    best = max(tried, key=tried.get)
    made = pipeline(columns, best).fit(x, y)
    model = to_onnx(
        made, initial_types=[(name, FloatTensorType([None, 1])) for name in columns],
        options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3}, name="wine")
    onnx.checker.check_model(model)
    onnx.save(model, given.out / "model.onnx")
    session = onnxruntime.InferenceSession(given.out / "model.onnx")
    feeds = {name: test_x[[name]].to_numpy() for name in columns}
    labels, shares = session.run(None, feeds)
    worst = np.abs(shares - made.predict_proba(test_x)).max()
    print(f"C {best}: training part {made.score(x, y):.4f} of {len(y)}, "
          f"test part {made.score(test_x, test_y):.4f} of {len(test_y)}")
    print(f"as ONNX: test part {(labels == test_y).mean():.4f}, shares within {worst:.1e}; "
          f"{(given.out / 'model.onnx').stat().st_size} bytes")
    for name, place in [("barolo", 0), ("barbera", -1)]:
        row = wines.data.iloc[place]
        print(f"{name}: {[round(float(value), 2) for value in row]}")


if __name__ == "__main__":
    main()
