// What drives the built executables is shared with the lane of the virtual machine.
@_exported import EngineSupport
