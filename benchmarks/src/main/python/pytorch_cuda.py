#!/usr/bin/env python3
"""Times PyTorch on the same GPU, on the cases that our benchmarks measured there.

Usage: pytorch_cuda.py RESULTS.json DEVICE OUT.json OUT.md

RESULTS.json is what JMH wrote; of it the cases of DEVICE (cuda, or cuda:N) are done again by PyTorch
on that GPU, in NHWC and NCHW memory where there is a choice, in 32-bit arithmetic with and without
TF32; with TF32 they stand beside what DEVICE-tf32 measured.
Times are of the device (CUDA events), the median of batches of at least 20 ms.
"""
import json
import math
import re
import statistics
import sys

import torch
import torch.nn.functional as F
from torch import nn

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


def conv_grad(p, layout):
    window, extent, inputs, outputs, stride, padding = CONV[p["layer"]]
    x = random(128, inputs, extent, extent).to(memory_format=layout)
    weight = random(outputs, inputs, window, window).to(memory_format=layout)
    wanted = x if p["gradient"] == "INPUT" else weight
    return with_pass(lambda: F.conv2d(x, weight, stride=stride, padding=padding), [wanted], "BACKWARD")


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


class ConvNext(nn.Module):
    def __init__(self, fan_in, out, time):
        super().__init__()
        self.time = nn.Linear(time, fan_in) if time else None
        self.depthwise = nn.Conv2d(fan_in, fan_in, 7, padding=3, groups=fan_in)
        self.norm1, self.convolution1 = nn.GroupNorm(1, fan_in), nn.Conv2d(fan_in, 2 * out, 3, padding=1)
        self.norm2, self.convolution2 = nn.GroupNorm(1, 2 * out), nn.Conv2d(2 * out, out, 3, padding=1)
        self.skip = nn.Conv2d(fan_in, out, 1) if fan_in != out else nn.Identity()

    def forward(self, x, time):
        h = self.depthwise(x)
        if self.time:
            h = h + self.time(F.gelu(time))[:, :, None, None]
        h = F.gelu(self.convolution1(self.norm1(h)))
        return self.convolution2(self.norm2(h)) + self.skip(x)


class ResNet(nn.Module):
    def __init__(self, fan_in, out, time):
        super().__init__()
        self.time = nn.Linear(time, out) if time else None
        self.convolution1, self.norm1 = nn.Conv2d(fan_in, out, 3, padding=1), nn.GroupNorm(4, out)
        self.convolution2, self.norm2 = nn.Conv2d(out, out, 3, padding=1), nn.GroupNorm(4, out)
        self.skip = nn.Conv2d(fan_in, out, 1) if fan_in != out else nn.Identity()

    def forward(self, x, time):
        h = F.silu(self.norm1(self.convolution1(x)))
        if self.time:
            h = h + self.time(F.silu(time))[:, :, None, None]
        return F.silu(self.norm2(self.convolution2(h))) + self.skip(x)


class Attention(nn.Module):
    """Of four heads of 32, over pixels; linear in their number, or softmax."""

    def __init__(self, channels, linear):
        super().__init__()
        self.norm, self.linear = nn.GroupNorm(1, channels), linear
        self.to_qkv, self.to_out = nn.Conv2d(channels, 384, 1, bias=False), nn.Conv2d(128, channels, 1)
        self.out_norm = nn.GroupNorm(1, channels) if linear else nn.Identity()

    def forward(self, x):
        n, _, height, width = x.shape
        q, k, v = self.to_qkv(self.norm(x)).reshape(n, 3, 4, 32, height * width).unbind(1)
        if self.linear:
            context = v @ k.softmax(-1).transpose(-1, -2) * 32 ** -0.5
            out = context @ q.softmax(-2)
        else:
            q, k, v = (part.transpose(-1, -2) for part in (q, k, v))
            out = F.scaled_dot_product_attention(q, k, v).transpose(-1, -2)
        return self.out_norm(self.to_out(out.reshape(n, 128, height, width))) + x


class UNet(nn.Module):
    """The U-Net of "The Annotated Diffusion Model" for grey pictures of 28x28."""

    def __init__(self, block):
        super().__init__()
        widths, time = [18, 28, 56, 112], 112
        self.time1, self.time2 = nn.Linear(28, time), nn.Linear(time, time)
        self.initial = nn.Conv2d(1, 18, 7, padding=3)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        for i, (fan_in, out) in enumerate(zip(widths, widths[1:])):
            halve = nn.Conv2d(out, out, 4, 2, 1) if i < 2 else nn.Identity()
            level = [block(fan_in, out, time), block(out, out, time), Attention(out, True), halve]
            self.down.append(nn.ModuleList(level))
        self.middle1, self.middle2 = block(112, 112, time), block(112, 112, time)
        self.middle_attention = Attention(112, False)
        for fan_in, out in ((112, 56), (56, 28)):
            double = nn.ConvTranspose2d(out, out, 4, 2, 1)
            level = [block(2 * fan_in, out, time), block(out, out, time), Attention(out, True), double]
            self.up.append(nn.ModuleList(level))
        self.final_block, self.final_convolution = block(28, 28, 0), nn.Conv2d(28, 1, 1)

    def forward(self, x, timesteps):
        frequencies = torch.exp(torch.arange(14, device=x.device) * (-math.log(10000) / 13))
        angles = timesteps[:, None] * frequencies
        time = self.time2(F.gelu(self.time1(torch.cat((angles.sin(), angles.cos()), 1))))
        h, skips = self.initial(x), []
        for first, second, attention, halve in self.down:
            h = attention(second(first(h, time), time))
            skips.append(h)
            h = halve(h)
        h = self.middle2(self.middle_attention(self.middle1(h, time)), time)
        for first, second, attention, double in self.up:
            h = torch.cat((h, skips.pop()), 1)
            h = double(attention(second(first(h, time), time)))
        return self.final_convolution(self.final_block(h, time))


def step(p, layout):
    kind = p["step"]
    if kind.endswith("CIFAR"):
        return None
    training = kind.startswith("TRAINING")
    batch = 128 if training else 64
    network = UNet(ResNet if kind.endswith("RESNET") else ConvNext)
    network = network.to(device="cuda", memory_format=layout)
    x, noise = (random(batch, 1, 28, 28).to(memory_format=layout) for _ in range(2))
    timesteps = torch.arange(batch, device="cuda") * 200.0 / batch
    if not training:
        def sample():
            with torch.no_grad():
                prediction = network(x, timesteps)
                return x * 0.3 + (x * 1.3 - prediction * 0.8).clamp(-1, 1) * 0.7
        return sample
    parameters = list(network.parameters())
    averages = [parameter.detach().clone() for parameter in parameters]
    adam = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    of_x, of_noise = random(batch, 1, 1, 1), random(batch, 1, 1, 1)

    def train():
        loss = F.smooth_l1_loss(network(x * of_x + noise * of_noise, timesteps), noise)
        loss.backward()
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(averages, parameters, 0.005)
        adam.zero_grad()
        loss.item()

    return train


WORK = {
    "GemmBenchmark": gemm,
    "ConvolutionBenchmark": conv,
    "ConvolutionGradBenchmark": conv_grad,
    "NormBenchmark": norm,
    "AttentionBenchmark": attention,
    "ElementwiseBenchmark": elementwise,
    "SoftmaxBenchmark": softmax,
    "OptimizerBenchmark": optimizer,
    "StepBenchmark": step,
}


ROUNDED = {"GemmBenchmark", "ConvolutionBenchmark", "ConvolutionGradBenchmark", "StepBenchmark"}


def name_of(entry):
    return entry["benchmark"].split(".")[-2]


def of_device(entries, device):
    return [e for e in entries if e["params"].get("device") == device and name_of(e) in WORK]


def case_of(entry):
    parameters = sorted(entry["params"].items())
    words = (value for key, value in parameters if key not in ("device", "threads"))
    return name_of(entry), " ".join(words)


def ours_ms(entry):
    return 1e3 / entry["primaryMetric"]["score"]


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
    torch.cuda.set_device(int(device.partition(":")[2] or 0))
    with open(source) as file:
        entries = json.load(file)
    in_tf32 = {case_of(entry): ours_ms(entry) for entry in of_device(entries, f"{device}-tf32")}
    results = []
    for entry in of_device(entries, device):
        name, case = case_of(entry)
        parameters = entry["params"]
        ours = {"fp32": ours_ms(entry)}
        # What has no product to round was measured once, and is the same in both precisions.
        ours["tf32"] = in_tf32.get((name, case), None if name in ROUNDED else ours["fp32"])
        times = {}
        layouts = [torch.contiguous_format]
        if name in ("ConvolutionBenchmark", "ConvolutionGradBenchmark", "NormBenchmark", "StepBenchmark"):
            layouts.append(torch.channels_last)
        for tf32 in (False, True):
            torch.backends.cuda.matmul.allow_tf32 = tf32
            torch.backends.cudnn.allow_tf32 = tf32
            works = [WORK[name](parameters, layout) for layout in layouts]
            if None not in works:
                times["tf32" if tf32 else "fp32"] = min(milliseconds(work) for work in works)
        if not times:
            continue
        results.append({"benchmark": name, "case": case, "ours_ms": ours, "torch_ms": times})
        print(f"{name} {case}: ours {ours}, PyTorch {times}", flush=True)
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
        out.write(
            "A ratio is PyTorch's time divided by ours, both with products in the same precision; "
            "PyTorch in the faster memory format, training with its fused Adam, without CUDA graphs.\n\n"
        )
        columns = "ours in PRECISION, ms | PyTorch in PRECISION, ms | ratio"
        in_both = " | ".join(columns.replace("PRECISION", name) for name in ("fp32", "tf32"))
        out.write(f"| benchmark | case | {in_both} |\n")
        out.write("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
        for r in results:
            cells = [r["benchmark"].removesuffix("Benchmark"), r["case"]]
            for precision, theirs in r["torch_ms"].items():
                ours = r["ours_ms"][precision]
                if ours is None:
                    cells += ["", f"{theirs:.4f}", ""]
                else:
                    cells += [f"{ours:.4f}", f"{theirs:.4f}", f"{theirs / ours:.2f}"]
            out.write("| " + " | ".join(cells) + " |\n")


if __name__ == "__main__":
    main()
