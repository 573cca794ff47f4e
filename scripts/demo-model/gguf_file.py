"""A small GGUF v3 writer and reader (numpy), with the F16, Q8_0 and Q4_0 block formats."""
import struct

import numpy as np

F32, F16, Q4_0, Q8_0 = 0, 1, 2, 8
TYPE_NAME = {F32: "F32", F16: "F16", Q4_0: "Q4_0", Q8_0: "Q8_0"}
BLOCK = {F32: (1, 4), F16: (1, 2), Q4_0: (32, 18), Q8_0: (32, 34)}  # elements, bytes
U32, I32, FLOAT, BOOL, STRING, ARRAY, U64 = 4, 5, 6, 7, 8, 9, 10
ALIGN = 32


# ---- block formats --------------------------------------------------------
def quant_q8_0(x):
    """ggml's reference rounding: scale = max|x|/127, round half away from zero, scale kept as f16."""
    b = x.astype(np.float32).reshape(-1, 32)
    d = np.abs(b).max(1) / np.float32(127)
    inv = np.where(d > 0, np.float32(1) / np.where(d > 0, d, 1), 0).astype(np.float32)
    v = b * inv[:, None]
    q = (np.sign(v) * np.floor(np.abs(v) + np.float32(0.5))).astype(np.int8)
    out = np.empty((b.shape[0], 34), np.uint8)
    out[:, :2] = d.astype(np.float16)[:, None].view(np.uint8)
    out[:, 2:] = q.view(np.uint8)
    return out.tobytes()


def quant_q4_0(x):
    """Scale = (value of largest magnitude)/-8; low nibbles hold elements 0..15, high ones 16..31."""
    b = x.astype(np.float32).reshape(-1, 32)
    m = b[np.arange(len(b)), np.abs(b).argmax(1)]
    d = m / np.float32(-8)
    inv = np.where(d != 0, np.float32(1) / np.where(d != 0, d, 1), 0).astype(np.float32)
    q = np.minimum(15, (b * inv[:, None] + np.float32(8.5)).astype(np.int8)).astype(np.uint8)
    out = np.empty((b.shape[0], 18), np.uint8)
    out[:, :2] = d.astype(np.float16)[:, None].view(np.uint8)
    out[:, 2:] = q[:, :16] | (q[:, 16:] << 4)
    return out.tobytes()


def encode(x, t):
    if t == F32:
        return x.astype("<f4").tobytes()
    if t == F16:
        return x.astype("<f2").tobytes()
    # quantise what an F16 file holds, as a quantiser fed the F16 file would
    x = x.astype(np.float16).astype(np.float32)
    return quant_q8_0(x) if t == Q8_0 else quant_q4_0(x)


def decode(raw, t, shape):
    if t == F32:
        return np.frombuffer(raw, "<f4").reshape(shape).copy()
    if t == F16:
        return np.frombuffer(raw, "<f2").astype(np.float32).reshape(shape)
    n = BLOCK[t][1]
    b = np.frombuffer(raw, np.uint8).reshape(-1, n)
    d = b[:, :2].copy().view("<f2").astype(np.float32)
    if t == Q8_0:
        q = b[:, 2:].copy().view(np.int8).astype(np.float32)
    else:
        q = np.concatenate([b[:, 2:] & 15, b[:, 2:] >> 4], 1).astype(np.float32) - 8
    return (q * d).reshape(shape)


# ---- container --------------------------------------------------------------
def _s(x):
    b = x.encode()
    return struct.pack("<Q", len(b)) + b


def _value(t, v):
    if t == STRING:
        return _s(v)
    if t == ARRAY:
        et, items = v
        return struct.pack("<IQ", et, len(items)) + b"".join(_value(et, i) for i in items)
    return struct.pack({U32: "<I", I32: "<i", FLOAT: "<f", BOOL: "<?", U64: "<Q"}[t], v)


def write(path, kv, tensors):
    """kv: list of (key, type, value); tensors: list of (name, numpy array in [..., out, in] order, type)."""
    blobs = [encode(a, t) for _, a, t in tensors]
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(kv))
    for k, t, v in kv:
        head += _s(k) + struct.pack("<I", t) + _value(t, v)
    off = 0
    for (name, a, t), blob in zip(tensors, blobs):
        dims = a.shape[::-1]  # ggml order: innermost first
        head += _s(name) + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims)
        head += struct.pack("<IQ", t, off)
        off += -(-len(blob) // ALIGN) * ALIGN
    with open(path, "wb") as f:
        f.write(head + b"\0" * (-len(head) % ALIGN))
        for blob in blobs:
            f.write(blob + b"\0" * (-len(blob) % ALIGN))


def read(path):
    """-> (dict of metadata, dict name -> (type, ggml dims, raw bytes))."""
    buf = open(path, "rb").read()
    pos = 0

    def take(fmt):
        nonlocal pos
        r = struct.unpack_from("<" + fmt, buf, pos)
        pos += struct.calcsize("<" + fmt)
        return r[0] if len(r) == 1 else r

    def string():
        nonlocal pos
        n = take("Q")
        pos += n
        return buf[pos - n:pos].decode()

    def value(t):
        if t == STRING:
            return string()
        if t == ARRAY:
            et, n = take("I"), take("Q")
            return [value(et) for _ in range(n)]
        return take({0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}[t])

    assert buf[:4] == b"GGUF"
    pos = 4
    version, nt, nkv = take("I"), take("Q"), take("Q")
    assert version == 3
    kv = {}
    for _ in range(nkv):
        k = string()
        kv[k] = value(take("I"))
    infos = []
    for _ in range(nt):
        name = string()
        nd = take("I")
        dims = [take("Q") for _ in range(nd)]
        infos.append((name, dims, take("I"), take("Q")))
    base = -(-pos // ALIGN) * ALIGN
    out = {}
    for name, dims, t, off in infos:
        n = int(np.prod(dims))
        if t in BLOCK:
            be, bb = BLOCK[t]
            out[name] = (t, dims, buf[base + off:base + off + n // be * bb])
        else:
            out[name] = (t, dims, None)
    return kv, out
