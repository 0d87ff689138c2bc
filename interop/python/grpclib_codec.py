"""An error's details for grpclib: the encoded google.rpc.Status as it is."""

from grpclib.encoding.base import StatusDetailsCodecBase


class StatusBytes(StatusDetailsCodecBase):
    def encode(self, status, message, details):
        return details

    def decode(self, status, message, data):
        return data
