"""What the pages say, in each language. PURE."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.facts.notices import Language


@dataclass(frozen=True, slots=True)
class Texts:
    """The sentences of the address pages; a problem is told in words, with what to do next."""

    ask_title: str
    ask: str
    ask_note: str
    button: str
    done_title: str
    done: str
    promise: str
    promise_note: str
    refusal_note: str
    superseded_title: str
    superseded: str
    invalid_title: str
    invalid: str
    trouble_title: str
    trouble: str
    demo: str


TEXTS: Mapping[Language, Texts] = {
    "es": Texts(
        ask_title="Confirmar esta dirección de correo",
        ask="Desde que usted la confirme, los avisos sobre muestras biológicas de sus asuntos se enviarán a la"
        " dirección de correo que recibió este enlace.",
        ask_note="Si usted no pidió recibir avisos, cierre esta página: no se enviará nada.",
        button="Confirmar la dirección",
        done_title="Dirección confirmada",
        done="Desde ahora los avisos se envían a la dirección de correo que recibió el enlace.",
        promise="Su comprobante",
        promise_note="Es la promesa firmada de que esta confirmación quedará en el registro. Consérvela en un archivo"
        " terminado en .jws; si el registro no la contuviera mañana, lo demuestra.",
        refusal_note="Este enlace no confirmó ninguna dirección. Es la promesa firmada de que esta negativa quedará en"
        " el registro.",
        superseded_title="Este enlace ya no sirve",
        superseded="La dirección ya fue confirmada o después se dio otra. Use el enlace del mensaje más reciente, o dé"
        " su dirección de nuevo.",
        invalid_title="Este enlace no es válido",
        invalid="El enlace está incompleto o venció: sirve siete días. Ábralo entero desde el mensaje, o dé su"
        " dirección de nuevo para recibir otro.",
        trouble_title="Ahora no es posible",
        trouble="No se registró nada. Abra el enlace de nuevo en unos minutos.",
        demo="DEMO: es una demostración, ninguna muestra ni ningún asunto es real.",
    ),
    "en": Texts(
        ask_title="Confirm this mail address",
        ask="Once you confirm it, notices about biological samples in your cases go to the mail address that received"
        " this link.",
        ask_note="If you did not ask for notices, close this page: nothing will be sent.",
        button="Confirm the address",
        done_title="Address confirmed",
        done="From now on notices go to the mail address that received the link.",
        promise="Your receipt",
        promise_note="This is the signed promise that this confirmation will stand in the log. Keep it in a file that"
        " ends in .jws; if the log does not hold it tomorrow, this proves it.",
        refusal_note="This link confirmed no address. This is the signed promise that this refusal will stand in the"
        " log.",
        superseded_title="This link is of no use any more",
        superseded="The address is confirmed already, or another one was given later. Use the link in the newest"
        " message, or give your address again.",
        invalid_title="This link is not valid",
        invalid="The link is incomplete or out of time: it works for seven days. Open it whole from the message, or"
        " give your address again to receive another.",
        trouble_title="Not possible right now",
        trouble="Nothing was recorded. Open the link again in a few minutes.",
        demo="DEMO: this is a demonstration, no sample and no case is real.",
    ),
}


def preferred(accept_language: str) -> Language:
    """The first of our languages in an Accept-Language header (RFC 9110, 12.5.4; weights ignored), else Spanish."""
    for part in accept_language.lower().split(","):
        tag = part.partition(";")[0].strip().partition("-")[0]
        if tag == "es":
            return "es"
        if tag == "en":
            return "en"
    return "es"
