"""State machines, read."""


def every_state(machine):
    """Name and state, also those inside a Map."""
    for name, state in machine["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from every_state(state["ItemProcessor"])


def tasks(machine):
    return {name: state for name, state in every_state(machine) if state["Type"] == "Task"}


def steps(machine):
    """The tasks that are Lambda functions of ours."""
    return {name: task for name, task in tasks(machine).items() if task["Resource"].endswith(":lambda:invoke")}


def following(state):
    nexts = [state.get("Next"), state.get("Default")]
    nexts += [choice["Next"] for choice in state.get("Choices", [])]
    return {name for name in nexts if name}


def paths_to_the_end(states, name, before=()):
    assert name not in before, f"{name} comes round again after a failure"
    path = (*before, name)
    after = following(states[name])
    if not after:
        yield path
    for following_name in after:
        yield from paths_to_the_end(states, following_name, path)
