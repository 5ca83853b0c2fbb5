/// The version of all executables and libraries of this package.
public enum CFSVersion {
    public static let text = "0.1.0"
}
