//! The texts of the page, in each language.

use crate::domain::State;

/// A language of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Russian.
    Russian,
}

impl Language {
    /// As HTML names it (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
        }
    }

    /// The language of a locale like `ru_RU.UTF-8`: English, unless it is another of ours.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '-', '.', '@']).next();
        match language.unwrap_or_default().to_ascii_lowercase().as_str() {
            "ru" => Self::Russian,
            _ => Self::English,
        }
    }
}

/// A text of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    PlanTitle,
    ReportTitle,
    PlanLead,
    DoneLead,
    OpenLead,
    AtWork,
    File,
    Fingerprint,
    Through,
    ResultsFile,
    Ledger,
    NoLedger,
    Rehearsal,
    Written,
    PerCurrency,
    PerPayee,
    Currency,
    Network,
    Payee,
    Payouts,
    InAll,
    InDoubtTodo,
    InDoubtHelp,
    IfThere,
    IfNotThere,
    RejectedTodo,
    RejectedHelp,
    RefusedTodo,
    RefusedHelp,
    PendingTodo,
    Timeline,
    TimelineHelp,
    Highest,
    Register,
    Line,
    Amount,
    Address,
    State,
    Time,
    InvoiceId,
    Reference,
    Accepted,
    AcceptedNote,
    OtherBatch,
    Resolved,
    Earlier,
    NotCreated,
    CreatedWithoutRow,
    Prepared,
    Approved,
    Date,
}

/// A text in a language.
pub(super) fn text(language: Language, text: Text) -> &'static str {
    match language {
        Language::English => english(text),
        Language::Russian => russian(text),
    }
}

/// A text in English.
fn english(text: Text) -> &'static str {
    match text {
        Text::PlanTitle => "Plan of payouts",
        Text::ReportTitle => "Report of payouts",
        Text::PlanLead => {
            "None of this has been paid yet. This is what will be paid once it is approved."
        }
        Text::DoneLead => "All of these payouts are created.",
        Text::OpenLead => "Not all of these payouts are created. What is left to do is below.",
        Text::AtWork => "A run is at work on this batch: the page shows it at one moment.",
        Text::File => "File",
        Text::Fingerprint => "Fingerprint of the batch",
        Text::Through => "Paid through",
        Text::ResultsFile => "Results file",
        Text::Ledger => "Ledger",
        Text::NoLedger => "none yet",
        Text::Rehearsal => "none: this is a rehearsal in the sandbox, and no money moved",
        Text::Written => "Page written",
        Text::PerCurrency => "Totals per currency",
        Text::PerPayee => "Totals per payee",
        Text::Currency => "Currency",
        Text::Network => "Network",
        Text::Payee => "Payee",
        Text::Payouts => "Payouts",
        Text::InAll => "In all",
        Text::InDoubtTodo => "In doubt: look before anything else is done",
        Text::InDoubtHelp => {
            "These may have been paid. They are not sent again until somebody has looked in the CryptoCloud dashboard, section Balance, and has recorded the result with one of the commands below."
        }
        Text::IfThere => "If the withdrawal is there, with its id:",
        Text::IfNotThere => {
            "If it is not there after ten minutes, this lets the next run send it again:"
        }
        Text::RejectedTodo => "Rejected by the API: nothing was paid",
        Text::RejectedHelp => "Mend these rows where they stand in the file, then run:",
        Text::RefusedTodo => "Not sent because of an earlier payout",
        Text::RefusedHelp => {
            "The ledger knows a payout that each of these collides with. This command says which, and what to do:"
        }
        Text::PendingTodo => "To pay what is not yet created, run:",
        Text::Timeline => "Timeline",
        Text::TimelineHelp => "Attempts by the time they were begun (UTC); one column is",
        Text::Highest => "Attempts in the highest column:",
        Text::Register => "Register of payouts",
        Text::Line => "Line",
        Text::Amount => "Amount",
        Text::Address => "To address",
        Text::State => "State",
        Text::Time => "Begun (UTC)",
        Text::InvoiceId => "Invoice id",
        Text::Reference => "Reference",
        Text::Accepted => "the API accepted",
        Text::AcceptedNote => {
            "For some payouts the API accepted another amount; it stands beside each. Sums are of the amounts that were asked for."
        }
        Text::OtherBatch => "by another batch",
        Text::Resolved => "settled by",
        Text::Earlier => "earlier payout:",
        Text::NotCreated => "Not created",
        Text::CreatedWithoutRow => {
            "Created in this batch, though the file no longer has the row as it was paid, and not counted here:"
        }
        Text::Prepared => "Prepared by",
        Text::Approved => "Approved by",
        Text::Date => "Date",
    }
}

/// A text in Russian.
fn russian(text: Text) -> &'static str {
    match text {
        Text::PlanTitle => "План выплат",
        Text::ReportTitle => "Отчёт о выплатах",
        Text::PlanLead => {
            "Пока ничего из этого не выплачено. Вот что будет выплачено после утверждения."
        }
        Text::DoneLead => "Все эти выплаты созданы.",
        Text::OpenLead => "Созданы не все выплаты. Что осталось сделать, указано ниже.",
        Text::AtWork => {
            "Сейчас идёт выплата по этому файлу: страница показывает её на один момент времени."
        }
        Text::File => "Файл",
        Text::Fingerprint => "Отпечаток пакета",
        Text::Through => "Выплата через",
        Text::ResultsFile => "Файл результатов",
        Text::Ledger => "Журнал выплат",
        Text::NoLedger => "ещё нет",
        Text::Rehearsal => "нет: это репетиция в песочнице, деньги не переводились",
        Text::Written => "Страница создана",
        Text::PerCurrency => "Итоги по валютам",
        Text::PerPayee => "Итоги по получателям",
        Text::Currency => "Валюта",
        Text::Network => "Сеть",
        Text::Payee => "Получатель",
        Text::Payouts => "Выплат",
        Text::InAll => "Всего",
        Text::InDoubtTodo => "Под вопросом: сначала проверьте их",
        Text::InDoubtHelp => {
            "Возможно, они выплачены. Повторно они не отправляются, пока кто-нибудь не проверит их в кабинете CryptoCloud (раздел «Баланс») и не запишет результат одной из команд ниже."
        }
        Text::IfThere => "Если вывод там есть, с его номером:",
        Text::IfNotThere => {
            "Если через десять минут его там нет, после этой команды следующий запуск отправит выплату снова:"
        }
        Text::RejectedTodo => "Отклонены API: ничего не выплачено",
        Text::RejectedHelp => "Исправьте эти строки прямо в файле и выполните:",
        Text::RefusedTodo => "Не отправлены из-за более ранней выплаты",
        Text::RefusedHelp => {
            "Каждой из них мешает выплата, известная журналу. Эта команда скажет, какая и что делать:"
        }
        Text::PendingTodo => "Чтобы выплатить то, что ещё не создано, выполните:",
        Text::Timeline => "Ход выплат",
        Text::TimelineHelp => "Попытки по времени начала (UTC); один столбец — это",
        Text::Highest => "Попыток в самом высоком столбце:",
        Text::Register => "Реестр выплат",
        Text::Line => "Строка",
        Text::Amount => "Сумма",
        Text::Address => "Адрес",
        Text::State => "Состояние",
        Text::Time => "Начата (UTC)",
        Text::InvoiceId => "Номер вывода (INV-…)",
        Text::Reference => "Референс",
        Text::Accepted => "API принял",
        Text::AcceptedNote => {
            "Для некоторых выплат API принял другую сумму; она указана рядом. В итогах стоят запрошенные суммы."
        }
        Text::OtherBatch => "другим пакетом",
        Text::Resolved => "исход указал:",
        Text::Earlier => "более ранняя выплата:",
        Text::NotCreated => "Не создано",
        Text::CreatedWithoutRow => {
            "Создано в этом пакете, хотя такой строки в файле больше нет (здесь не учтено):"
        }
        Text::Prepared => "Составил",
        Text::Approved => "Утвердил",
        Text::Date => "Дата",
    }
}

/// A state in a language.
pub(super) fn state(language: Language, state: State) -> &'static str {
    let (english, russian) = match state {
        State::Pending => ("to be sent", "к отправке"),
        State::Created => ("created", "создана"),
        State::Rejected => ("rejected", "отклонена"),
        State::NotCreated => ("not created, to be sent", "не создана, к отправке"),
        State::InDoubt => ("in doubt", "под вопросом"),
        State::Refused => ("not sent", "не отправлена"),
    };
    match language {
        Language::English => english,
        Language::Russian => russian,
    }
}

/// A state as the heading of what is counted or summed up in it.
pub(super) fn heading(language: Language, state: State) -> &'static str {
    let (english, russian) = match state {
        State::Pending => ("To be sent", "К отправке"),
        State::Created => ("Created", "Создано"),
        State::Rejected => ("Rejected", "Отклонено"),
        State::NotCreated => ("Not created, to be sent", "Не создано, к отправке"),
        State::InDoubt => ("In doubt", "Под вопросом"),
        State::Refused => ("Not sent", "Не отправлено"),
    };
    match language {
        Language::English => english,
        Language::Russian => russian,
    }
}

/// A unit of time in a language.
pub(super) fn unit(language: Language, unit: Unit) -> &'static str {
    let (english, russian) = match unit {
        Unit::Second => ("s", "с"),
        Unit::Minute => ("min", "мин"),
        Unit::Hour => ("h", "ч"),
        Unit::Day => ("d", "дн."),
    };
    match language {
        Language::English => english,
        Language::Russian => russian,
    }
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_says_the_language() {
        for (locale, language) in [
            ("ru_RU.UTF-8", Language::Russian),
            ("ru", Language::Russian),
            ("RU-by", Language::Russian),
            ("en_US.UTF-8", Language::English),
            ("C.UTF-8", Language::English),
            ("rue_UA", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of_locale(locale), language, "{locale}");
        }
    }
}
