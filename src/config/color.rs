//! The accent colour, and the text colour that is readable on it.

/// A colour as `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

impl Color {
    /// Reads `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#')?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The colour as CSS writes it.
    pub fn css(self) -> String {
        let [r, g, b] = self.0;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// Black or white, whichever has more contrast on this colour; at least 4.5 : 1 (WCAG 2.2, 1.4.3).
    pub fn text_on(self) -> &'static str {
        let light = (self.luminance() + 0.05) / 0.05;
        let dark = 1.05 / (self.luminance() + 0.05);
        if dark >= light { "#ffffff" } else { "#000000" }
    }

    /// Relative luminance as WCAG 2.2 defines it.
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|channel| {
            let c = f64::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_readable_on_every_colour() {
        for step in 0..=255 {
            for color in
                [[step, step, step], [step, 0, 255 - step], [255 - step, step, 0]].map(Color)
            {
                let text = if color.text_on() == "#ffffff" { 1.0 } else { 0.0 };
                let (a, b) = (color.luminance() + 0.05, text + 0.05);
                assert!(a.max(b) / a.min(b) >= 4.5, "{}", color.css());
            }
        }
    }

    #[test]
    fn only_six_digits_are_a_colour() {
        assert_eq!(Color::parse("#A1b2C3").unwrap().css(), "#a1b2c3");
        for text in ["", "#", "red", "#fff", "#12345g", "a1b2c3", "#a1b2c3d4"] {
            assert_eq!(Color::parse(text), None, "{text}");
        }
    }
}
