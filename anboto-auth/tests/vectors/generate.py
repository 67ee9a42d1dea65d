#!/usr/bin/env python3
"""Computes the golden vectors with tools that share no code with the crate.

HMAC: Python's hmac module, checked against the openssl command. RSA: the openssl command.
The canonical queries and the strings to sign are written out by hand below: they are what the
vectors are about. Run it in this folder; it rewrites hmac.json and rsa.json and must leave them
as they are. The keys in keys/ are for tests only: they were made by keys.sh and protect nothing.
"""

import base64, hashlib, hmac, json, pathlib, subprocess

HERE = pathlib.Path(__file__).parent
API_KEY = "test-api-key"
SECRET = bytes(range(32))
TIMESTAMP = 1700000000000

# name, window, pairs as given, query as sent, query decoded, body
CASES = [
    ("nothing", 5000, [], "", "", ""),
    ("query_sorted", 5000,
     [["startMs", "1690000000000"], ["endMs", "1700000000000"], ["limit", "10"]],
     "endMs=1700000000000&limit=10&startMs=1690000000000",
     "endMs=1700000000000&limit=10&startMs=1690000000000", ""),
    ("list_comma_joined", 5000, [["orderIds", "1,2"]], "orderIds=1,2", "orderIds=1,2", ""),
    ("list_repeated", 5000, [["orderIds", "2"], ["orderIds", "1"]],
     "orderIds=2&orderIds=1", "orderIds=2&orderIds=1", ""),
    ("body", 5000, [], "", "", '{"order_id":42}'),
    ("body_not_ascii", 5000, [], "", "", '{"client_order_id":"zażółć-✓"}'),
    ("symbol_stays_literal", 5000, [["symbol", "BTC/USDT:USDT"], ["exchange", "binance"]],
     "exchange=binance&symbol=BTC/USDT:USDT", "exchange=binance&symbol=BTC/USDT:USDT", ""),
    ("escaped_where_needed", 5000, [["subaccount", "my desk & co = 50%+ #1 'a' \"b\" ^;"]],
     "subaccount=my%20desk%20%26%20co%20%3D%2050%25%2B%20%231%20%27a%27%20%22b%22%20%5E%3B",
     "subaccount=my desk & co = 50%+ #1 'a' \"b\" ^;", ""),
    ("not_ascii", 5000, [["subaccount", "zażółć"]],
     "subaccount=za%C5%BC%C3%B3%C5%82%C4%87", "subaccount=zażółć", ""),
    ("upper_case_sorts_first", 5000, [["a", "1"], ["B", "2"]], "B=2&a=1", "B=2&a=1", ""),
    ("empty_value", 5000, [["symbol", ""]], "symbol=", "symbol=", ""),
    ("smallest_window", 1, [["limit", "10"]], "limit=10", "limit=10", ""),
    ("largest_window", 60000, [["limit", "10"]], "limit=10", "limit=10", ""),
]


def openssl(*args, stdin):
    return subprocess.run(["openssl", *args], input=stdin, stdout=subprocess.PIPE, check=True).stdout


def hmac_signature(text):
    ours = hmac.new(SECRET, text, hashlib.sha256).digest()
    theirs = openssl("mac", "-digest", "SHA256", "-macopt", f"hexkey:{SECRET.hex()}",
                     "-binary", "HMAC", stdin=text)
    assert ours == theirs
    return ours


def cases():
    for name, window, pairs, sent, decoded, body in CASES:
        case = dict(name=name, recv_window=window, pairs=pairs, sent=sent, decoded=decoded, body=body)
        for form, query in (("decoded", decoded), ("as_sent", sent)):
            yield case, form, f"{TIMESTAMP}{API_KEY}{window}{query}{body}"


def write(name, **document):
    text = json.dumps(document, indent=2, ensure_ascii=False)
    (HERE / name).write_text(text + "\n", encoding="utf-8")


common = dict(api_key=API_KEY, timestamp=TIMESTAMP)

vectors = []
for case, form, text in cases():
    signature = hmac_signature(text.encode())
    vectors.append(dict(case, form=form, string_to_sign=text, hex=signature.hex(),
                        base64=base64.b64encode(signature).decode()))
write("hmac.json", secret=base64.b64encode(SECRET).decode(), **common, vectors=vectors)

vectors = []
for bits in (2048, 3072, 4096):
    key = f"rsa{bits}.pkcs8.pem"
    for case, form, text in cases():
        if form == "as_sent" and case["sent"] == case["decoded"]:
            continue
        signature = openssl("dgst", "-sha256", "-sign", HERE / "keys" / key, stdin=text.encode())
        vectors.append(dict(case, key=key, form=form, string_to_sign=text, hex=signature.hex(),
                            base64=base64.b64encode(signature).decode()))
write("rsa.json", **common, vectors=vectors)
