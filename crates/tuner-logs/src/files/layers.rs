//! What bytes are wrapped in: compression, over and over perhaps, and encodings of text.

use std::io::{self, BufReader, Cursor, Read};

use encoding_rs::{UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use super::base64_text::Base64;

/// Firehose compresses what CloudWatch has compressed already; more than a few layers are made to be slow.
const MOST_LAYERS: usize = 4;
/// What is read to tell what follows.
pub(crate) const HEAD: usize = 4096;

pub(crate) const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Bytes that may be read on another thread.
pub(crate) type Bytes<'r> = Box<dyn Read + Send + 'r>;

/// A stream of text.
pub(crate) struct Plain<'r> {
    pub(crate) reader: Bytes<'r>,
    /// Whether something was undone, which is the work of one thread.
    pub(crate) is_decoded: bool,
    /// Whether there is compression that was not undone.
    pub(crate) is_nested: bool,
}

/// Undoes compression and encodings, as the bytes themselves tell.
///
/// # Errors
/// When the beginning cannot be read.
pub(crate) fn plain<'r>(mut reader: Bytes<'r>) -> io::Result<Plain<'r>> {
    let mut is_decoded = false;
    for _ in 0..=MOST_LAYERS {
        let (head, whole) = peek(reader)?;
        reader = whole;
        if head.starts_with(GZIP) {
            // CloudWatch, Firehose and `cat a.gz b.gz` all make files of several members.
            reader = Box::new(MultiGzDecoder::new(InPieces(reader)));
        } else if head.starts_with(ZSTD) {
            let decoder = ruzstd::decoding::StreamingDecoder::new(BufReader::new(reader));
            reader = Box::new(decoder.map_err(io::Error::other)?);
        } else if let Some(base64) = Base64::of(&head) {
            reader = base64.decode(reader);
        } else {
            let encoding = encoding_of(&head);
            if encoding.is_some() || head.starts_with(b"\xef\xbb\xbf") {
                let decoder = DecodeReaderBytesBuilder::new()
                    .encoding(encoding)
                    .bom_override(true)
                    .strip_bom(true)
                    .build(reader);
                reader = Box::new(decoder);
            }
            is_decoded |= encoding.is_some();
            return Ok(Plain {
                reader,
                is_decoded,
                is_nested: false,
            });
        }
        is_decoded = true;
    }
    Ok(Plain {
        reader,
        is_decoded,
        is_nested: true,
    })
}

/// Gives a decoder little at a time, so that how far it came in a damaged file is known.
struct InPieces<R>(R);

impl<R: Read> Read for InPieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const PIECE: usize = 4096;
        let most = buffer.len().min(PIECE);
        self.0.read(&mut buffer[..most])
    }
}

/// Whether something is to be undone that takes a thread of its own.
pub(crate) fn is_wrapped(head: &[u8]) -> bool {
    head.starts_with(GZIP) || head.starts_with(ZSTD) || Base64::of(head).is_some() || encoding_of(head).is_some()
}

/// UTF-16, by its mark, or by the zeros that letters of ASCII have in it.
fn encoding_of(head: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    const FEWEST: usize = 8;
    match head {
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let pairs = head.as_chunks::<2>().0;
    let share =
        |is_ascii: fn(&[u8; 2]) -> bool| pairs.iter().filter(|pair| is_ascii(pair)).count() * 10 >= pairs.len() * 9;
    if pairs.len() < FEWEST {
        return None;
    }
    if share(|pair| pair[0] != 0 && pair[1] == 0) {
        return Some(UTF_16LE);
    }
    share(|pair| pair[0] == 0 && pair[1] != 0).then_some(UTF_16BE)
}

/// The beginning of a stream, and all of it again. If the stream breaks there, what came before is given first.
pub(crate) fn peek<'r>(mut reader: Bytes<'r>) -> io::Result<(Vec<u8>, Bytes<'r>)> {
    let mut head = Vec::with_capacity(HEAD);
    let read = reader.by_ref().take(HEAD as u64).read_to_end(&mut head);
    let broken = match read {
        Err(error) if head.is_empty() => return Err(error),
        read => Broken(read.err()),
    };
    let whole = Cursor::new(head.clone()).chain(broken).chain(reader);
    Ok((head, Box::new(whole)))
}

/// Gives its error once, if it has one.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
