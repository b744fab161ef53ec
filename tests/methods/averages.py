"""The averages that batch norms keep, by hand: what recorded passes would have made of them."""

import copy

from torch import nn

NEWEST = 0.01  # the weight of a batch: TensorFlow's default momentum is 0.99
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def averages(network):
    """Name of a norm -> (running mean, running variance)."""
    return {
        name: (norm.running_mean.clone(), norm.running_var.clone())
        for name, norm in network.named_modules()
        if isinstance(norm, NORMS)
    }


def averages_after(network, *passes):
    """What `averages` gives when `network` has been given the arguments of each of `passes`, in turn.

    The network itself stays as it is.
    """
    network = copy.deepcopy(network).train()
    found, inputs = averages(network), {}
    for name, norm in network.named_modules():
        if isinstance(norm, NORMS):
            norm.register_forward_pre_hook(lambda _, x, name=name: inputs.setdefault(name, []).append(x[0]))
    for arguments in passes:
        network(*arguments)
    for name, seen in inputs.items():
        mean, variance = found[name]
        for x in seen:
            rows = x.detach().transpose(0, 1).flatten(1)  # a row a channel
            mean = (1 - NEWEST) * mean + NEWEST * rows.mean(1)
            variance = (1 - NEWEST) * variance + NEWEST * rows.var(1, unbiased=True)
        found[name] = mean, variance
    return found
