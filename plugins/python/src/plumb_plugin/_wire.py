"""Messages of plumb.plugin.v1, made from the descriptor set v1.desc.

No generated code is shipped: it would refuse every protobuf older than the one that made
it, and take the name `plumb` in everybody's environment. The pool is this package's own,
so that nothing clashes with what a plugin itself does with protocol buffers.
"""

import functools
import pathlib
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_pool = descriptor_pool.DescriptorPool()
for _file in descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(__file__).with_name("v1.desc").read_bytes()).file:
    _pool.AddSerializedFile(_file.SerializeToString())


@functools.lru_cache(maxsize=None)
def message(name: str) -> Any:
    """The class of a message."""
    descriptor = _pool.FindMessageTypeByName("plumb.plugin.v1." + name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(_pool).GetPrototype(descriptor)  # protobuf before 4.22
