use std::fs::{File, Metadata, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{PermissionsExt, fchown};
use std::path::Path;

/// What unfinished files end with.
pub(crate) const PART: &str = ".part";

/// Writes `bytes` to a file, whole or not at all: beside it first, then in its place. What was there is kept if the disk is
/// full, the machine loses power or the process is killed. It keeps its permissions; a link to it stays a link.
///
/// What is no file, such as `/dev/stdout` or a named pipe, is written to.
///
/// # Errors
/// What the system says; the old file is as it was then.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_file_by(path, |out| out.write_all(bytes))
}

/// The same with what `write` writes, which need not be in memory as a whole.
///
/// # Errors
/// As [`replace_file`], and when `write` fails; nothing is replaced then.
pub fn replace_file_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let old = match path.metadata() {
        Ok(old) if old.is_file() => Some(old),
        Ok(_) => return write(&mut File::create(path)?),
        // A link to what is not there yet: nothing can be lost.
        Err(_) if path.is_symlink() => return write(&mut File::create(path)?),
        Err(_) => None,
    };
    let path = match &old {
        Some(_) => path.canonicalize()?,
        None => path.to_owned(),
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut beside = tempfile::Builder::new()
        .prefix(".tuner-")
        .suffix(PART)
        // As any new file: the umask takes from it.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    let mut buffered = BufWriter::new(beside.as_file_mut());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    if let Some(old) = &old {
        take_after(beside.as_file(), old)?;
    }
    beside.as_file().sync_all()?;
    beside.persist(&path).map_err(|e| e.error)?;
    // That it has this name now is the folder's. Some file systems cannot be asked; the content is safe all the same.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Permissions, and the owner as far as that is allowed.
fn take_after(new: &File, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let _ = fchown(new, Some(old.uid()), Some(old.gid()));
    new.set_permissions(old.permissions())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.svg");
        replace_file(&file, b"one").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        replace_file(&file, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(names(folder.path()), ["report.svg"]);
    }

    #[test]
    fn a_new_file_has_the_permissions_of_any_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, usual) = (folder.path().join("ours"), folder.path().join("usual"));
        replace_file(&ours, b"").unwrap();
        fs::write(&usual, b"").unwrap();
        let mode = |file: &Path| file.metadata().unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        symlink("file", &link).unwrap();
        for content in ["first", "second"] {
            replace_file(&link, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), content);
            assert!(link.is_symlink());
        }
    }

    #[test]
    fn what_is_no_file_is_written_to() {
        replace_file(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!Path::new("/dev/null").metadata().unwrap().is_file());
    }

    /// A folder of this name: nothing can be put in its place.
    #[test]
    fn what_cannot_be_replaced_is_kept_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("report.svg");
        fs::create_dir(&taken).unwrap();
        replace_file(&taken, b"x").unwrap_err();
        replace_file(&folder.path().join("none/report.svg"), b"x").unwrap_err();
        assert_eq!(names(folder.path()), ["report.svg"]);
    }
}
