"""A client of a rendezvous, written from proto/PROTOCOL.md and nothing of ours.

Called with ID@HOST:PORT. Two peers and a stranger use every verb; the first answer that is not as
the document says ends it with a sentence. Prints "done" at the end.
"""

import base64
import hashlib
import sys
import time

import msgpack
import zmq
from nacl import bindings

ZERO = bytes(32)
PURPOSES = {"card": 1, "genesis": 6, "knock": 7, "vote": 8, "pledge": 9, "leave": 10, "close": 11}
(GENESIS, KNOCK, VOTE, LEAVE, CLOSE, EVICTION, VALUE, PLEDGE, CERTIFICATE, CARD, STANDING,
 DECIDED) = range(1, 13)


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def whole(number):
    return number.to_bytes(8, "little")


def part(value):
    return whole(value) if isinstance(value, int) else whole(len(value)) + value


def hash_of(domain, *parts):
    """H(domain; parts...) of part 2."""
    data = part(domain.encode()) + whole(1) + b"".join(part(each) for each in parts)
    return hashlib.blake2b(data, digest_size=32).digest()


class Identity:
    def __init__(self, seed):
        self.id, self.secret = bindings.crypto_sign_seed_keypair(seed)
        self.seat = None  # In the one room of this test.

    def sign(self, purpose, room, what):
        message = b"p2pchat" + bytes([PURPOSES[purpose], 1]) + room + what
        return bindings.crypto_sign(message, self.secret)[:64]

    def signed(self, purpose, room, body):
        """[body, signature], as most objects are."""
        return pack([body, self.sign(purpose, room, hash_of("p2pchat " + purpose, body))])

    def card(self, name, counter=1):
        places = [["10.0.0.1", 7473, 7474, 7475]]
        body = pack({"suite": 1, "id": self.id, "name": name, "places": places, "relay": False,
                     "counter": counter})
        return self.signed("card", ZERO, body)

    def genesis(self, name, size):
        body = pack([1, self.id, bytes(16), name, size, 0])
        room = hash_of("p2pchat genesis", body)
        return room, self.signed("genesis", room, body)

    def knock(self, room, note, expires, after=0):
        body = pack([1, room, self.card("candidate"), note, expires, after])
        return hash_of("p2pchat knock", body), self.signed("knock", room, body)

    def vote(self, room, change, yes):
        return self.signed("vote", room, pack([1, room, self.seat, change, yes, ""]))

    def leave(self, room):
        return self.signed("leave", room, pack([1, room, self.seat, None]))

    def close(self, room, value):
        return self.signed("close", room, pack([1, room, self.seat, value]))

    def pledge(self, room, number, value, stamp):
        what = hash_of("p2pchat pledge", *self.seat, number, value, stamp)
        signature = self.sign("pledge", room, what)
        return signature, pack([1, room, self.seat, number, value, stamp, signature])


class Client:
    """A plain REQ socket under CURVE."""

    def __init__(self, context, address, identity, asker):
        server, endpoint = address.split("@")
        server_id = base64.b32decode(server.upper() + "====")
        self.socket = context.socket(zmq.REQ)
        self.socket.linger = 0
        self.socket.curve_serverkey = bindings.crypto_sign_ed25519_pk_to_curve25519(server_id)
        self.socket.curve_publickey = bindings.crypto_sign_ed25519_pk_to_curve25519(identity.id)
        self.socket.curve_secretkey = bindings.crypto_sign_ed25519_sk_to_curve25519(identity.secret)
        self.socket.connect("tcp://" + endpoint)
        self.asker = asker

    def send(self, verb, *arguments):
        self.socket.send(pack([1, verb, self.asker, *arguments]))

    def receive(self, code):
        if not self.socket.poll(60_000):
            sys.exit("no answer")
        version, got, error, *values = msgpack.unpackb(self.socket.recv(), raw=False)
        if version != 1 or got != code or bool(error) != bool(code):
            sys.exit(f"expected code {code}, got {got}: {error}")
        return values

    def ask(self, code, verb, *arguments):
        self.send(verb, *arguments)
        return self.receive(code)


def expect(got, wanted):
    if got != wanted:
        raise SystemExit(f"expected {wanted!r}, got {got!r}")


def main(address):
    context = zmq.Context()
    anna, ben, cleo = (Identity(bytes([n]) * 32) for n in (11, 12, 13))
    to_anna, to_ben, to_cleo = (Client(context, address, who, who.id) for who in (anna, ben, cleo))
    stranger = Client(context, address, Identity(bytes([14]) * 32), None)
    liar = Client(context, address, cleo, anna.id)
    in_an_hour = int(time.time() * 1000) + 3_600_000

    # Cards.
    expect(to_anna.ask(0, "add", anna.card("anna"), 3600, True), [])
    to_ben.ask(0, "add", ben.card("ben"), 3600, False)
    to_ben.ask(5, "add", anna.card("anna"), 3600, True)
    expect(stranger.ask(0, "list", ZERO), [[anna.card("anna")], False])
    liar.ask(5, "remove")
    stranger.ask(5, "remove")

    # A room, and what a candidate may know of it.
    room, genesis = anna.genesis("ops", 2)
    anna.seat = [anna.id, hash_of("p2pchat genesis change", room)]
    expect(to_anna.ask(0, "create", genesis), [])
    to_anna.ask(0, "create", genesis)
    to_ben.ask(1, "create", ben.genesis("ops", 2)[1])
    expect(stranger.ask(0, "rooms", ""), [["ops"], False])
    expect(to_ben.ask(0, "room", "ops"), [room, anna.id, 2, 0, 0])
    to_ben.ask(4, "room", "nowhere")
    stranger.ask(5, "watch", 0)

    # Ben knocks; Anna has been watching.
    cursor, objects, more = to_anna.ask(0, "watch", 0)
    expect([kind for kind, _ in objects], [GENESIS, STANDING])
    to_anna.send("watch", cursor)
    knock_id, knock = ben.knock(room, "it is me", in_an_hour)
    ben.seat = [ben.id, knock_id]
    to_ben.ask(4, "join", ben.knock(bytes([7]) * 32, "", in_an_hour)[1])
    expect(to_ben.ask(0, "join", knock), [])
    cursor, objects, more = to_anna.receive(0)
    expect((objects, more), ([[KNOCK, knock]], False))
    to_ben.ask(1, "join", ben.knock(room, "again", in_an_hour)[1])
    expect(to_ben.ask(0, "watch", 0)[1], [[STANDING, pack([room, knock_id, 0, 0])]])
    to_ben.ask(4, "fetch", room, 0)

    # Anna votes, pledges and brings the certificate: Ben is in.
    to_ben.ask(4, "vote", ben.vote(room, knock_id, True))
    expect(to_anna.ask(0, "vote", anna.vote(room, knock_id, True)), [])
    expect(to_ben.ask(0, "room", "ops"), [room, anna.id, 2, 1, 0])
    previous = hash_of("p2pchat genesis value", room)
    value = pack([1, room, 1, previous, [knock], [], [], []])
    value_id = hash_of("p2pchat value", value)
    signature, pledge = anna.pledge(room, 1, value_id, 5)
    to_anna.ask(4, "put", PLEDGE, pledge)
    to_anna.ask(0, "put", VALUE, value)
    to_anna.ask(0, "put", PLEDGE, pledge)
    to_anna.ask(1, "put", CERTIFICATE, pack([1, room, value_id, 1, [[6, signature]]]))
    certificate = pack([1, room, value_id, 1, [[5, signature]]])
    to_anna.ask(0, "put", CERTIFICATE, certificate)
    _, objects, _ = to_ben.ask(0, "fetch", room, 0)
    expect(objects, [[CARD, anna.card("anna")], [GENESIS, genesis], [VALUE, value],
                     [CERTIFICATE, certificate]])
    expect([STANDING, pack([room, knock_id, 1, 0])] in to_ben.ask(0, "watch", 0)[1], True)

    # The room is full; nobody else deletes it.
    to_cleo.ask(9, "join", cleo.knock(room, "", in_an_hour)[1])
    to_ben.ask(9, "join", ben.knock(room, "once more", in_an_hour)[1])
    to_ben.ask(1, "delete", ben.close(room, value_id))
    to_ben.ask(1, "put", EVICTION, pack([1, room, [anna.seat]]))
    expect(to_ben.ask(0, "leave", ben.leave(room)), [])
    to_ben.ask(4, "vote", ben.vote(room, knock_id, True))
    to_ben.ask(1, "join", ben.knock(room, "too early", in_an_hour)[1])

    # Anna certifies that Ben has left: a knock of his names that height from now on.
    gone = pack([1, room, 2, value_id, [], [], [ben.leave(room)], []])
    value_id = hash_of("p2pchat value", gone)
    to_anna.ask(0, "put", VALUE, gone)
    signature, _ = anna.pledge(room, 2, value_id, 7)
    to_anna.ask(0, "put", CERTIFICATE, pack([1, room, value_id, 2, [[7, signature]]]))
    expect(to_ben.ask(0, "room", "ops"), [room, anna.id, 2, 0, 2])
    to_ben.ask(1, "join", ben.knock(room, "as if for the first time", in_an_hour)[1])
    to_ben.ask(9, "join", ben.knock(room, "within a minute", in_an_hour, after=2)[1])
    to_cleo.ask(0, "join", cleo.knock(room, "", in_an_hour)[1])
    expect(to_anna.ask(0, "delete", anna.close(room, value_id)), [])
    to_cleo.ask(4, "room", "ops")
    to_cleo.ask(4, "join", cleo.knock(room, "more", in_an_hour)[1])
    expect(to_anna.ask(0, "remove"), [])
    expect(stranger.ask(0, "list", ZERO), [[], False])

    # What is no object of a rendezvous, nonsense, and another version are answered too.
    to_anna.ask(1, "put", DECIDED, b"")
    stranger.socket.send(b"nonsense")
    stranger.receive(1)
    stranger.socket.send(pack([2, "list", None, ZERO]))
    stranger.receive(1)
    print("done")


main(sys.argv[1])
