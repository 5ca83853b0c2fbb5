// The values of limits and of what is used; an embedder may also use that library alone.
@_exported import CFSCgroups
// What an embedder needs from the rooms below comes with `import CFSCore`.
@_exported import CFSModel

@_exported import struct CFSImages.FetchOptions
@_exported import enum CFSImages.ImageChange
@_exported import struct CFSImages.ImageRemoval
@_exported import struct CFSImages.ImportOptions
@_exported import struct CFSImages.ImportProgress
@_exported import struct CFSLayers.ArchiveName
@_exported import struct CFSLayers.LayerChange
@_exported import struct CFSLinux.WindowSize
@_exported import enum CFSMonitor.LogStream
@_exported import struct CFSMonitor.OutOfMemory
@_exported import struct CFSMonitor.PhaseTime
@_exported import struct CFSMonitor.SkippedOutput
@_exported import struct CFSMonitor.UnwrittenOutput
@_exported import struct CFSRegistry.HistoryEntry
@_exported import struct CFSRegistry.HistoryFilter
