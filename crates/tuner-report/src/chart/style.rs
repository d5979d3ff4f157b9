//! Colours by role, and the style sheet that gives them a light and a dark face.

use plotters::style::{Color, RGBColor, ShapeStyle};

use super::backend::SCALE;

/// What a mark stands for. Colours are never said twice: plotters carries the role as a colour, the backend writes it as
/// a CSS class, the style sheet knows what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Ink,
    Muted,
    Grid,
    Duration,
    Cost,
    Bad,
    Chosen,
    /// The page behind everything, for hollow marks.
    Paper,
    /// Pale area of p50 to p95.
    Band,
    /// Pale area that means "cannot be told apart" or "not run".
    Shade,
    /// Pattern of sizes that failed.
    Hatch,
    /// Dashed: the present size.
    Present,
    /// Dashed: a constraint.
    Limit,
    /// Single invocations.
    Dots,
    /// Dotted: a landmark, such as one vCPU.
    Landmark,
    /// The fitted curve.
    Model,
    /// Dashed: where the curve is a guess.
    Guess,
}

impl Role {
    const ALL: [Self; 17] = [
        Self::Ink,
        Self::Muted,
        Self::Grid,
        Self::Duration,
        Self::Cost,
        Self::Bad,
        Self::Chosen,
        Self::Paper,
        Self::Band,
        Self::Shade,
        Self::Hatch,
        Self::Present,
        Self::Limit,
        Self::Dots,
        Self::Landmark,
        Self::Model,
        Self::Guess,
    ];

    /// The CSS class, for fills and strokes alike.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Ink => "ink",
            Self::Muted => "muted",
            Self::Grid => "grid",
            Self::Duration => "duration",
            Self::Cost => "cost",
            Self::Bad => "bad",
            Self::Chosen => "chosen",
            Self::Paper => "paper",
            Self::Band => "band",
            Self::Shade => "shade",
            Self::Hatch => "hatch",
            Self::Present => "present",
            Self::Limit => "limit",
            Self::Dots => "dots",
            Self::Landmark => "landmark",
            Self::Model => "model",
            Self::Guess => "guess",
        }
    }

    /// The role that a colour from plotters stands for.
    pub(super) fn of_rgb(rgb: (u8, u8, u8)) -> Self {
        Self::ALL
            .into_iter()
            .find(|role| *role as u8 == rgb.0)
            .unwrap_or(Self::Ink)
    }

    const fn rgb(self) -> RGBColor {
        RGBColor(self as u8, 0, 0)
    }

    /// Filled with this role's colour.
    pub(super) fn fill(self) -> ShapeStyle {
        self.rgb().filled()
    }

    /// A line of this role's colour, `width` pixels wide.
    pub(super) fn stroke(self, width: f64) -> ShapeStyle {
        self.rgb().stroke_width((width * f64::from(SCALE)).round() as u32)
    }
}

/// Colours on white and on GitHub's dark page; all that text is written in has a contrast of 4.5:1 or more.
const PALETTE: [(Role, &str, &str); 11] = [
    (Role::Ink, "#1b1f24", "#e6edf3"),
    (Role::Muted, "#57606a", "#9aa4af"),
    (Role::Grid, "#e3e7ec", "#262d36"),
    (Role::Duration, "#0b62b0", "#6cb6ff"),
    (Role::Cost, "#b3541e", "#f0a35e"),
    (Role::Bad, "#c1121f", "#ff7b72"),
    (Role::Model, "#7a3e9d", "#c9a4ec"),
    (Role::Chosen, "#0a7d4b", "#56d364"),
    (Role::Paper, "#ffffff", "#0d1117"),
    (Role::Band, "#d6e6f5", "#14304d"),
    (Role::Shade, "#f3f4f6", "#171d25"),
];

/// Roles that borrow another's colour.
const BORROWED: [(Role, Role); 5] = [
    (Role::Present, Role::Ink),
    (Role::Limit, Role::Bad),
    (Role::Dots, Role::Duration),
    (Role::Landmark, Role::Muted),
    (Role::Guess, Role::Model),
];

/// The style sheet. Light colours are literal and dark ones come in one block at the end, so that a viewer that knows
/// neither variables nor media queries still draws the light face.
pub(super) fn style_sheet(id: &str) -> String {
    let mut css = String::from(
        ".tuner-chart text{font-family:system-ui,\"DejaVu Sans\",sans-serif;font-size:12px;font-variant-numeric:tabular-nums}\
         .tuner-chart .t11{font-size:11px}.tuner-chart .t13{font-size:13px}.tuner-chart .t16{font-size:16px}\
         .tuner-chart .t24{font-size:24px;font-weight:700}.tuner-chart .b{font-weight:700}\
         .tuner-chart .e{text-anchor:end}.tuner-chart .m{text-anchor:middle}\
         .tuner-chart .halo{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}\
         .tuner-chart .s{fill:none;stroke-linejoin:round}\
         .tuner-chart .s-present{stroke-dasharray:5 4}.tuner-chart .s-limit{stroke-dasharray:8 4}\
         .tuner-chart .s-guess{stroke-dasharray:4 4}\
         .tuner-chart .s-landmark{stroke-dasharray:1 4;stroke-linecap:round}\
         .tuner-chart .s-dots{stroke-linecap:round;stroke-opacity:.35}\
         .tuner-chart .mark:hover .s{stroke-width:3.5px}",
    );
    // By the picture's own id: of two pictures on a page, one may be hidden, and its pattern with it.
    css.push_str(&format!("#{id} .f-hatch{{fill:url(#{id}-hatch)}}"));
    css.push_str(&colours(|(_, light, _)| light));
    css.push_str("@media (prefers-color-scheme:dark){");
    css.push_str(&colours(|(_, _, dark)| dark));
    css.push('}');
    css
}

fn colours(face: impl Fn(&(Role, &'static str, &'static str)) -> &'static str) -> String {
    let mut css = String::new();
    let mut rule = |role: Role, colour: &str| {
        let class = role.class();
        css.push_str(&format!(
            ".tuner-chart .f-{class}{{fill:{colour}}}.tuner-chart .s-{class}{{stroke:{colour}}}"
        ));
    };
    for entry in &PALETTE {
        rule(entry.0, face(entry));
        for (role, _) in BORROWED.iter().filter(|(_, of)| *of == entry.0) {
            rule(*role, face(entry));
        }
    }
    if let Some(paper) = PALETTE.iter().find(|entry| entry.0 == Role::Paper) {
        css.push_str(&format!(".tuner-chart .halo{{stroke:{}}}", face(paper)));
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let c = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.2, 1.4.3.
    #[test]
    fn what_text_is_written_in_can_be_read_on_both_pages() {
        let find = |role| PALETTE.iter().find(|entry| entry.0 == role).unwrap();
        let paper = find(Role::Paper);
        for role in [
            Role::Ink,
            Role::Muted,
            Role::Duration,
            Role::Cost,
            Role::Bad,
            Role::Chosen,
            Role::Model,
        ] {
            let entry = find(role);
            assert!(contrast(entry.1, paper.1) >= 4.5, "{role:?} light");
            assert!(contrast(entry.2, paper.2) >= 4.5, "{role:?} dark");
        }
    }

    #[test]
    fn every_role_survives_the_way_through_plotters() {
        for role in Role::ALL {
            let RGBColor(r, g, b) = role.rgb();
            assert_eq!(Role::of_rgb((r, g, b)), role);
        }
    }

    #[test]
    fn dark_colours_stand_in_the_last_block_only() {
        let css = style_sheet("x");
        let (light, dark) = css.split_once("@media").unwrap();
        assert!(light.contains("#0b62b0") && !light.contains("#6cb6ff"));
        assert!(dark.contains("#6cb6ff") && !css.contains("var("));
    }
}
