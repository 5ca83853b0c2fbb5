import CFSImages
import CFSModel
import Glibc

extension Engine {
    /// The error of a command that the kernel takes for no program, with the reason where its image is for another processor; and of
    /// one that is not there, with a hint that can be typed as it is.
    ///
    /// - Parameters:
    ///   - image: as the container was made with it.
    ///   - reference: by which it is found now: its name, or its digest.
    func explainingCommand(_ failure: CFSError, of image: String, _ reference: String) -> CFSError {
        if failure.code == .commandNotFound, failure.hint != nil {
            var told = failure
            told.hint = failure.isOfShell ? nil : "the image has no such command; try: cfs run -it \(image) sh"
            return told
        }
        guard failure.code == .commandNotExecutable, failure.errno == ENOEXEC else { return failure }
        do throws(CFSError) {
            guard let architecture = try store.existing(reference)?.architecture,
                !ImageArchitecture.runnable.contains(architecture)
            else { return failure }
            var told = failure
            told.hint = "the image \(image) is for \(architecture), and this machine is \(ImageArchitecture.native)"
            return told
        } catch {
            // What kept the command from running is the error to tell.
            return failure
        }
    }
}

extension CFSError {
    /// Whether the shell itself was not found, with which one could have looked what there is.
    var isOfShell: Bool { path == "sh" || path?.hasSuffix("/sh") == true }
}
