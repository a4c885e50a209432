/// The version that every program of the package tells.
package enum ProgramVersion {
    package static let current = "0.1.0"
}
