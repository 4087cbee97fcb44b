//! What a flag is when it is left out: as the environment says, or else the config file.

use super::environment::Environment;
use super::settings::Settings;
use crate::error::Error;
use clap::ColorChoice;
use std::path::PathBuf;

/// The environment and the config file.
pub(super) struct Defaults<'a> {
    pub(super) environment: Environment<'a>,
    pub(super) settings: Settings,
    /// What `--config` said, which a command that is shown has to say again.
    pub(super) config_flag: Option<PathBuf>,
}

impl<'a> Defaults<'a> {
    pub(super) fn load(
        config_flag: Option<PathBuf>,
        environment: Environment<'a>,
    ) -> Result<Self, Error> {
        Ok(Self {
            environment,
            settings: Settings::load(config_flag.clone(), environment)?,
            config_flag,
        })
    }
}

/// When colours are used: as the flag says, the environment (<https://no-color.org> and
/// <https://bixense.com/clicolors>), or else the config file.
pub(super) fn color(
    flag: Option<ColorChoice>,
    environment: Environment<'_>,
    setting: Option<ColorChoice>,
) -> ColorChoice {
    let is = |name: &str, value: &str| environment.variable(name).is_some_and(|it| it == value);
    let is_set = |name: &str| environment.variable(name).is_some();
    match flag {
        Some(choice @ (ColorChoice::Always | ColorChoice::Never)) => choice,
        Some(ColorChoice::Auto) | None if is_set("NO_COLOR") => ColorChoice::Never,
        Some(ColorChoice::Auto) | None
            if is_set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0") =>
        {
            ColorChoice::Always
        }
        Some(ColorChoice::Auto) | None if is("CLICOLOR", "0") => ColorChoice::Never,
        Some(ColorChoice::Auto) => ColorChoice::Auto,
        None => setting.unwrap_or_default(),
    }
}
