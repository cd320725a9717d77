#!/usr/bin/env python3
"""Times PyTorch on the same GPU, on the cases that our benchmarks measured there.

Usage: pytorch_cuda.py RESULTS.json DEVICE OUT.json OUT.md

RESULTS.json is what JMH wrote; of it the cases of DEVICE (such as cuda) are done again by PyTorch,
in NHWC and NCHW memory where there is a choice, in 32-bit arithmetic with and without TF32.
Times are of the device (CUDA events), the median of batches of at least 20 ms.
"""
import json
import re
import statistics
import sys

import torch
import torch.nn.functional as F

CONV = {  # window, extent, inputs, outputs, stride, padding
    "WINDOW3_28_64": (3, 28, 64, 64, 1, 1),
    "WINDOW3_14_128": (3, 14, 128, 128, 1, 1),
    "WINDOW3_7_256": (3, 7, 256, 256, 1, 1),
    "WINDOW3_28_28_56": (3, 28, 28, 56, 1, 1),
    "WINDOW1_28_64": (1, 28, 64, 64, 1, 0),
    "HALVING4_28_64": (4, 28, 64, 64, 2, 1),
    "DOUBLING4_14_64": (4, 14, 64, 64, 2, 1),
    "DEPTHWISE7_28_56": (7, 28, 56, 56, 1, 3),
    "STEM7_28_1_18": (7, 28, 1, 18, 1, 3),
}
FUNCTIONS = {
    "ADD": lambda x, y, out: torch.add(x, y, out=out),
    "MUL": lambda x, y, out: torch.mul(x, y, out=out),
    "EXP": lambda x, y, out: torch.exp(x, out=out),
    "SILU": lambda x, y, out: F.silu(x),
    "GELU": lambda x, y, out: F.gelu(x),
}


def random(*shape):
    return torch.rand(*shape, device="cuda") * 2 - 1


def with_pass(forward, inputs, direction):
    """The work of one pass; a backward pass starts from a graph that is kept."""
    if direction == "FORWARD":
        def run():
            with torch.no_grad():
                forward()
        return run
    for tensor in inputs:
        tensor.requires_grad_()
    out = forward()
    gradient = torch.ones_like(out)
    return lambda: torch.autograd.grad(out, inputs, gradient, retain_graph=True)


def gemm(p, _):
    m, k, n = (int(x) for x in p["shape"].split(":")[0].split("x"))
    transposed = p["shape"].endswith(":tn")
    a = random(k, m).t() if transposed else random(m, k)
    b, out = random(k, n), torch.empty(m, n, device="cuda")
    return lambda: torch.matmul(a, b, out=out)


def conv(p, layout):
    window, extent, inputs, outputs, stride, padding = CONV[p["layer"]]
    groups = inputs if p["layer"].startswith("DEPTHWISE") else 1
    transposed = p["layer"].startswith("DOUBLING")
    x = random(128, inputs, extent, extent).to(memory_format=layout)
    shape = (inputs, outputs) if transposed else (outputs, inputs // groups)
    weight = random(*shape, window, window).to(memory_format=layout)
    bias = random(outputs)
    call = F.conv_transpose2d if transposed else F.conv2d
    forward = lambda: call(x, weight, bias, stride=stride, padding=padding, groups=groups)
    return with_pass(forward, [x, weight, bias], p["pass"])


def norm(p, layout):
    kind, channels, groups = re.fullmatch(r"(.*)_(\d+)_(\d+)", p["layer"]).groups()
    channels, groups = int(channels), int(groups)
    x = random(128, channels, 28, 28).to(memory_format=layout)
    gamma, beta = random(channels), random(channels)
    scale, shift = random(128, channels, 1, 1), random(128, channels, 1, 1)
    inputs = [x, gamma, beta] + ([scale, shift] if kind.startswith("SCALED") else [])

    def forward():
        y = F.group_norm(x, groups, gamma, beta)
        if kind.startswith("SCALED"):
            y = y * (1 + scale) + shift
        return F.silu(y) if kind.endswith("SILU") else y

    return with_pass(forward, inputs, p["pass"])


def attention(p, _):
    length, size = int(p["length"]), int(p["headSize"])
    softmax = p["kind"] == "SOFTMAX"
    batch = min(512, max(4, (1 << 22) // (length * length))) if softmax else 50176 // length
    q, k, v = (random(batch, 4, length, size) for _ in range(3))
    if softmax:
        forward = lambda: F.scaled_dot_product_attention(q, k, v)
    else:
        forward = lambda: (q.softmax(-1) * size ** -0.5) @ (k.softmax(-2).transpose(-1, -2) @ v)
    return with_pass(forward, [q, k, v], p["pass"])


def elementwise(p, _):
    size = 128 * 28 * 28 * 112
    x, y, out = random(size), random(size), torch.empty(size, device="cuda")
    return lambda: FUNCTIONS[p["function"]](x, y, out)


def softmax(p, _):
    x = random(*(int(n) for n in p["shape"].split("x")))
    return lambda: F.softmax(x, -1)


def optimizer(p, _):
    size = int(p["parameters"]) // 120
    weights = [random(size).requires_grad_() for _ in range(120)]
    averages = [random(size) for _ in range(120)]
    for weight in weights:
        weight.grad = random(size)
    adam = torch.optim.Adam(weights, lr=1e-3, fused=True)

    def run():
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 0.005)

    return run


WORK = {
    "GemmBenchmark": gemm,
    "ConvolutionBenchmark": conv,
    "NormBenchmark": norm,
    "AttentionBenchmark": attention,
    "ElementwiseBenchmark": elementwise,
    "SoftmaxBenchmark": softmax,
    "OptimizerBenchmark": optimizer,
}


def milliseconds(run):
    def batch(count):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        for _ in range(count):
            run()
        end.record()
        torch.cuda.synchronize()
        return start.elapsed_time(end)

    batch(3)
    count = max(1, int(20 / max(batch(3) / 3, 1e-3)))
    batch(count)
    return statistics.median(batch(count) / count for _ in range(9))


def main():
    source, device, out_json, out_table = sys.argv[1:]
    torch.backends.cudnn.benchmark = True
    results = []
    for entry in json.load(open(source)):
        name = entry["benchmark"].split(".")[-2]
        parameters = entry["params"]
        if parameters.get("device") != device or name not in WORK:
            continue
        ours = 1e3 / entry["primaryMetric"]["score"]
        times = {}
        layouts = [torch.contiguous_format]
        if name in ("ConvolutionBenchmark", "NormBenchmark"):
            layouts.append(torch.channels_last)
        for tf32 in (False, True):
            torch.backends.cuda.matmul.allow_tf32 = tf32
            torch.backends.cudnn.allow_tf32 = tf32
            times["tf32" if tf32 else "fp32"] = min(
                milliseconds(WORK[name](parameters, layout)) for layout in layouts
            )
        case = " ".join(
            value for key, value in sorted(parameters.items()) if key not in ("device", "threads")
        )
        results.append({"benchmark": name, "case": case, "ours_ms": ours, "torch_ms": times})
        print(f"{name} {case}: ours {ours:.4f} ms, PyTorch {times}", flush=True)
    facts = {
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "gpu": torch.cuda.get_device_name(),
    }
    with open(out_json, "w") as out:
        json.dump({"facts": facts, "results": results}, out, indent=1)
    with open(out_table, "w") as out:
        out.write("\n## PyTorch on the same GPU\n\n")
        out.write(", ".join(f"{key} {value}" for key, value in facts.items()) + ". ")
        out.write("`ours` is in 32-bit arithmetic; a ratio is PyTorch's time divided by ours.\n\n")
        out.write("| benchmark | case | ours, ms | fp32, ms | ratio | tf32, ms | ratio |\n")
        out.write("| --- | --- | --- | --- | --- | --- | --- |\n")
        for r in results:
            fp32, tf32 = r["torch_ms"]["fp32"], r["torch_ms"]["tf32"]
            out.write(
                f"| {r['benchmark'].removesuffix('Benchmark')} | {r['case']} | {r['ours_ms']:.4f} "
                f"| {fp32:.4f} | {fp32 / r['ours_ms']:.2f} | {tf32:.4f} | {tf32 / r['ours_ms']:.2f} |\n"
            )


if __name__ == "__main__":
    main()
