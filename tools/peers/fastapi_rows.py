"""The peer of `tools/bench service`: the same linear model behind FastAPI, as one writes it.

Started by uvicorn with uvloop and httptools, its fastest: uvicorn fastapi_rows:app
"""
import numpy
from fastapi import FastAPI
from pydantic import BaseModel

WEIGHT = numpy.arange(20, dtype=numpy.float32).reshape(2, 10) / 10
BIAS = numpy.array([1, -1], numpy.float32)
app = FastAPI()


class PredictRequest(BaseModel):
    model: str
    inputs: list[list[float]]


@app.post("/v1/predict")
async def predict(request: PredictRequest):
    values = numpy.array(request.inputs, numpy.float32) @ WEIGHT.T + BIAS
    return {"model": request.model, "predictions": [{"values": row} for row in values.tolist()]}
